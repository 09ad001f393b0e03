import { ConversionError, isDict, type Value } from '../python/value.ts';
import { Datum } from './datum.ts';
import { find } from './find.ts';
import { parsePath } from './parser.ts';
import type { Path } from './path.ts';
import { elementAt, lengthOf, segmentOf } from './steps.ts';

/** A path that is ready to be looked up, often. */
export interface CompiledPath {
  /** The first match that is not null, else null. @throws ConversionError */
  first(document: Value): Value;
  /** All matches that are not null. @throws ConversionError */
  all(document: Value): readonly Datum[];
  /** The members of the document itself that it begins at, one for each alternative. */
  readonly topNames: readonly string[];
}

/** @throws PathError */
export function compilePath(text: string): CompiledPath {
  const path = parsePath(text);
  const found = find(path);
  const all = (document: Value): readonly Datum[] =>
    found(new Datum(document)).filter((match): match is Datum => {
      if (match === null) throw new ConversionError('a document has no parent');
      return match.value !== null;
    });
  const quick = firstOf(path);
  return {
    all,
    topNames: topNamesOf(path),
    first:
      quick === null
        ? (document) => all(document)[0]?.value ?? null
        : (document) => quick(document) ?? null,
  };
}

function topNamesOf(path: Path): readonly string[] {
  switch (path.kind) {
    case 'fields':
      return path.names.filter((name) => name !== '*');
    case 'child':
      return topNamesOf(path.left.kind === 'root' ? path.right : path.left);
    case 'union':
      return [...topNamesOf(path.left), ...topNamesOf(path.right)];
    default:
      return [];
  }
}

/** A step that finds at most one value: undefined where it finds none. */
type Step = (value: Value) => Value | undefined;

/**
 * The same first match without building the list of matches: for paths whose every step finds at most
 * one value and never looks back, which is nearly all paths in use. Null for other paths.
 */
function firstOf(path: Path): Step | null {
  if (path.kind === 'union') {
    const left = firstOf(path.left);
    const right = firstOf(path.right);
    if (left === null || right === null) return null;
    return (value) => {
      // Both sides are looked up, since either may fail.
      const [first, second] = [left(value), right(value)];
      return first ?? second;
    };
  }
  const steps = chainOf(path)?.map(stepOf);
  if (steps === undefined || !steps.every((step) => step !== null)) return null;
  return (document) => {
    let value: Value | undefined = document;
    for (const step of steps) {
      value = step(value);
      if (value === undefined) return undefined;
    }
    return value;
  };
}

/** The steps of a.b.c in order; undefined where a step is a path of its own. */
function chainOf(path: Path): readonly Path[] | undefined {
  if (path.kind !== 'child') return [path];
  const left = chainOf(path.left);
  const right = chainOf(path.right);
  return left && right && [...left, ...right];
}

function stepOf(path: Path): Step | null {
  switch (path.kind) {
    case 'fields': {
      const [name = ''] = path.names;
      if (path.names.length !== 1 || name === '*') return null;
      return (value) => (isDict(value) && Object.hasOwn(value, name) ? value[name] : undefined);
    }
    case 'index':
      return (value) => elementAt(value, path.at);
    case 'length':
      return lengthOf;
    case 'split':
      return (value) => segmentOf(value, path.separator, path.segment, path.most);
    default:
      return null;
  }
}
