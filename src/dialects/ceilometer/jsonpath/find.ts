import { regex, template } from '../python/regex.ts';
import { ConversionError, isDict, namesOf, typeName, type Value } from '../python/value.ts';
import { Datum, type Find, type Found, orNull, present } from './datum.ts';
import { filter } from './filter.ts';
import { operation } from './operation.ts';
import type { Path } from './path.ts';
import { sort } from './sort.ts';
import { fields, index, lengthOf, made, segmentOf, slice } from './steps.ts';

/** The path as a function that finds all its matches. */
export function find(path: Path): Find {
  switch (path.kind) {
    case 'root':
      return (from) => [orNull(from).root()];
    case 'this':
      return (from) => [orNull(from)];
    case 'parent':
      return (from) => [orNull(from).parent];
    case 'fields':
      return fields(path.names);
    case 'index':
      return index(path.at);
    case 'slice':
      return slice(path.start, path.end);
    case 'length':
      return made(lengthOf);
    case 'split':
      return made((value) => segmentOf(value, path.separator, path.segment, path.most));
    case 'substitute':
      return made(substitute(path.expression, path.replacement));
    case 'filter':
      return filter(path.tests.map(({ path: target, comparison }) => [find(target), comparison]));
    case 'sort':
      return sort(path.keys?.map((key) => [find(key.path), key.descending]) ?? null);
    case 'operation':
      return operation(operand(path.left), path.operator, operand(path.right));
    case 'constant':
      return () => [new Datum(path.value)];
    default:
      return joined(path.kind, find(path.left), find(path.right));
  }
}

const operand = (path: Path): Find | Value => (path.kind === 'constant' ? path.value : find(path));

type Join = 'child' | 'descendants' | 'union' | 'intersection' | 'where';

function joined(kind: Join, left: Find, right: Find): Find {
  switch (kind) {
    case 'child':
      return (from) => left(from).flatMap(right);
    case 'union':
      return (from) => [...left(from), ...right(from)];
    case 'where':
      return (from) => left(from).filter((found) => right(found).length > 0);
    case 'descendants':
      return (from) => left(from).flatMap((found) => below(found, right));
    case 'intersection':
      // It can be written and has no meaning: jsonpath-rw raises NotImplementedError.
      return () => {
        throw new ConversionError('the & of two paths is not supported');
      };
  }
}

/** What matches at a datum and, in the document's order, anywhere below it. */
function below(found: Found, right: Find): readonly Found[] {
  const datum = present(found);
  const { value } = datum;
  let parts: readonly Datum[] = [];
  if (Array.isArray(value)) parts = value.map((part, at) => new Datum(part, datum, at));
  else if (isDict(value)) {
    parts = namesOf(value).map((name) => new Datum(value[name] ?? null, datum, name));
  }
  return [...right(datum), ...parts.flatMap((part) => below(part, right))];
}

function substitute(source: string, replacement: string): (value: Value) => string | undefined {
  const expression = regex(source, 'g');
  const replaced = template(replacement, expression);
  return (value) => {
    if (typeof value !== 'string')
      throw new ConversionError(`sub(): ${typeName(value)} is not a string`);
    let text = '';
    let at = 0;
    for (const match of value.matchAll(expression)) {
      text += value.slice(at, match.index) + replaced(match);
      at = match.index + match[0].length;
    }
    text += value.slice(at);
    return text === value ? undefined : text;
  };
}
