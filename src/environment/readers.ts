import { accessSync, constants } from 'node:fs';
import { z } from 'zod';
import { parseDuration } from '../event/duration.ts';

/** Reads the text of an environment variable; its one issue says what the text must be: "a port". */
export type Reader<Value> = z.ZodType<Value, string>;

/** Makes a reader; `wanted` ends the sentence "X must be …". */
export function reader<Value>(
  wanted: string,
  read: (text: string) => Value | undefined,
): Reader<Value> {
  return z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue(wanted);
    return z.NEVER;
  });
}

/** The variables of one part of the gateway, by name. */
export type Variables = Readonly<Record<string, z.ZodType>>;

export type ValuesOf<Declared extends Variables> = {
  readonly [Name in keyof Declared]: z.output<Declared[Name]>;
};

/** A variable with a default, which is a string like any other. */
export function option<Value>(reader: Reader<Value>, fallback: string, description: string) {
  return reader.prefault(fallback).meta({ description, default: fallback });
}

/** A variable that may be absent; `absent` says in words what that means. */
export function optional<Value>(reader: Reader<Value>, description: string, absent = '') {
  return reader.nullable().prefault(null).meta({ description, default: absent, absent: true });
}

/** A variable that means nothing unless another one is set. */
export const needing = <Schema extends z.ZodType>(other: string, variable: Schema): Schema =>
  variable.meta({ ...variable.meta(), needs: other }) as Schema;

export const text: Reader<string> = z.string();

export const wholeNumber = (min: number, max: number = Number.MAX_SAFE_INTEGER): Reader<number> =>
  reader(
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number, ${min} or more`
      : `a whole number from ${min} to ${max}`,
    (text) => {
      const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  );

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

export const bytes: Reader<number> = reader(
  'a number of bytes such as 4096, 256KiB or 16MiB',
  (text) => {
    const [, digits, unit = ''] = /^(\d{1,12})(KiB|MiB|GiB)?$/.exec(text) ?? [];
    const count = Number(digits ?? 0) * (byteUnits[unit] ?? 1);
    return count > 0 ? count : undefined;
  },
);

/** Microseconds. */
export const duration: Reader<number> = reader('a length of time such as 30s, 5m or 7d', (text) => {
  try {
    const microseconds = parseDuration(text, []);
    return microseconds > 0 ? microseconds : undefined;
  } catch {
    return undefined;
  }
});

export const flag: Reader<boolean> = reader('true or false', (text) =>
  text === 'true' || text === 'false' ? text === 'true' : undefined,
);

export const oneOf = <const Value extends string>(values: readonly Value[]): Reader<Value> =>
  reader(`one of ${values.join(', ')}`, (text) => values.find((value) => value === text));

/** Names with commas between them; `all` and `none` are all and none of them. */
export const someOf = <const Value extends string>(
  values: readonly Value[],
): Reader<readonly Value[]> =>
  reader(`all, none, or some of ${values.join(', ')}, with commas between them`, (text) => {
    if (text === 'all') return values;
    if (text === 'none') return [];
    const names = list(text);
    return names.every((name) => values.some((value) => value === name))
      ? values.filter((value) => names.includes(value))
      : undefined;
  });

/** Origins as browsers send them, or `*` for every one. */
export const origins: Reader<readonly string[]> = reader(
  '* or origins such as https://console.example.org, with commas between them',
  (text) => {
    const names = list(text);
    return names.every((name) => name === '*' || originOf(name) === name) ? names : undefined;
  },
);

export const postgresUrl: Reader<string> = reader('a postgresql:// URL', (text) =>
  ['postgres:', 'postgresql:'].includes(urlOf(text)?.protocol ?? '') ? text : undefined,
);

/** One or several servers of a cluster. */
export const natsServers: Reader<readonly string[]> = reader(
  'a nats:// or tls:// URL, or several with commas between them',
  (text) => {
    const servers = list(text);
    const good = ({ protocol, hostname }: URL) =>
      ['nats:', 'tls:'].includes(protocol) && hostname !== '';
    const urls = servers.map(urlOf);
    return servers.length > 0 && urls.every((url) => url !== null && good(url))
      ? servers
      : undefined;
  },
);

/** Names with commas between them. */
export const names: Reader<readonly string[]> = reader('names with commas between them', (text) => {
  const entries = list(text);
  return entries.length > 0 ? entries : undefined;
});

/** `host:port` each. */
export const addresses: Reader<readonly string[]> = reader(
  'host:port, or several with commas between them',
  (text) => {
    const entries = list(text);
    const good = entries.every((entry) => /^[^\s:/]+:\d{1,5}$/.test(entry));
    return good && entries.length > 0 ? entries : undefined;
  },
);

export const httpAddress: Reader<string> = reader('an http:// or https:// URL', (text) =>
  ['http:', 'https:'].includes(urlOf(text)?.protocol ?? '') ? text : undefined,
);

/** A JetStream name: without white space, dots and wildcards. */
export const streamName: Reader<string> = reader(
  'a JetStream name: letters, digits, - and _',
  (text) => (/^[\w-]{1,255}$/.test(text) ? text : undefined),
);

export const readableFile: Reader<string> = reader('a file that can be read', (path) => {
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch {
    return undefined;
  }
});

/** The entries of a list with commas between them. */
export const list = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const urlOf = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);
const originOf = (text: string): string | null => urlOf(text)?.origin ?? null;
