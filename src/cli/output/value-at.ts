/** A row as it is printed: an object of JSON. */
export type Row = Readonly<Record<string, unknown>>;

interface NamedValue {
  readonly name: string;
  readonly value: unknown;
}

/**
 * The value at a path of a row: key, source.node, value.a.b, traits.NAME, tags.GROUP (the label behind the group).
 * Null where there is none.
 */
export function valueAt(row: Row, path: string): unknown {
  if (Object.hasOwn(row, path)) return row[path] ?? null;
  const dot = path.indexOf('.');
  if (dot === -1) return null;
  const first = row[path.slice(0, dot)];
  const rest = path.slice(dot + 1);
  if (path.startsWith('traits.') && Array.isArray(first)) {
    return (first as NamedValue[]).find(({ name }) => name === rest)?.value ?? null;
  }
  if (path.startsWith('tags.') && Array.isArray(first)) {
    const tag = (first as string[]).find((given) => given.startsWith(`${rest}:`));
    return tag?.slice(rest.length + 1) ?? null;
  }
  return typeof first === 'object' && first !== null ? valueAt(first as Row, rest) : null;
}

/** Strings as they are, nothing for what is not there, and anything else as JSON. */
export function shown(value: unknown): string {
  if (value == null) return '';
  if (typeof value === 'string') return value;
  const isList = Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  return isList ? value.join(' ') : JSON.stringify(value);
}

/** @returns the path itself where the row may have it, else what the row has */
export function unknownPath(row: Row, path: string): string | null {
  const [first = ''] = path.split('.');
  return Object.hasOwn(row, path) || Object.hasOwn(row, first) ? null : Object.keys(row).join(', ');
}
