import type { Datum } from './jsonpath/datum.ts';
import { equals } from './python/compare.ts';
import { parseDateTime } from './python/date-time.ts';
import { toInt } from './python/number.ts';
import { split, str } from './python/text.ts';
import {
  ConversionError,
  float,
  integer,
  isDict,
  isInt,
  typeName,
  type Value,
} from './python/value.ts';
import { memberOf, toValue, type YamlNode } from './yaml.ts';

/** Makes one value of all matches that are not null; null for none. @throws ConversionError */
export type Plugin = (matches: readonly Datum[]) => Value;

/** Parameters that a plugin cannot work with; the message says which. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}

/** The plugin of that name with its parameters; undefined when there is none. @throws PluginError */
export function createPlugin(name: string, parameters: YamlNode | undefined): Plugin | undefined {
  const create = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
  if (create === undefined) return undefined;
  const given = parameters === undefined || toValue(parameters) === null ? none : parameters;
  if (given.kind !== 'mapping') throw new PluginError('parameters must be a mapping');
  return create(given);
}

const none: YamlNode = { kind: 'mapping', line: 0, entries: [] };

const plugins: Readonly<Record<string, (parameters: YamlNode) => Plugin>> = {
  split: splitPlugin,
  bitfield: bitfieldPlugin,
  timedelta: () => timedelta,
  map: mapPlugin,
};

const parameter = (parameters: YamlNode, name: string, otherwise: Value): Value => {
  const node = memberOf(parameters, name);
  return node === undefined ? otherwise : toValue(node);
};

const firstOf = (values: readonly Value[]): Value => values.find((value) => value !== null) ?? null;

/** One part of each match as text; the first part that is there. */
function splitPlugin(parameters: YamlNode): Plugin {
  const separator = parameter(parameters, 'separator', '.');
  const segment = parameter(parameters, 'segment', 0);
  const most = parameter(parameters, 'max_split', null) ?? -1;
  if (!isInt(most) || !isInt(segment)) {
    throw new PluginError('segment and max_split must be integers');
  }
  return (matches) => {
    if (matches.length === 0) return null;
    if (separator !== null && (typeof separator !== 'string' || separator === '')) {
      throw new ConversionError('split: the separator must be a string that is not empty');
    }
    const parts = matches.map(({ value }) => split(str(value), separator, Number(most)));
    return firstOf(parts.map((each) => each.at(Number(segment)) ?? null));
  };
}

/** Higher bits are rejected. */
const bitMax = 4096;

/** The initial bits and those whose path matched, with the value asked for where one is. */
function bitfieldPlugin(parameters: YamlNode): Plugin {
  const initial = parameter(parameters, 'initial_bitfield', 0);
  const flags = parameter(parameters, 'flags', null) ?? [];
  return (matches) => {
    const found = new Map(matches.map((match) => [match.path(), match.value]));
    if (!Array.isArray(flags)) throw new ConversionError('bitfield: flags must be a list');
    const bits = flags.map((flag) => bitOf(flag, found)).filter((bit) => bit !== undefined);
    if (bits.length === 0) return initial;
    if (!isInt(initial)) throw new ConversionError('bitfield: initial_bitfield must be an integer');
    return integer(bits.reduce((field, bit) => field | (1n << bit), BigInt(initial)));
  };
}

/** The number of a flag's bit; undefined where it is not set. */
function bitOf(flag: Value, found: ReadonlyMap<string, Value>): bigint | undefined {
  if (!isDict(flag) || flag.path === undefined || flag.bit === undefined) {
    throw new ConversionError('bitfield: a flag needs a path and a bit');
  }
  const bit = toInt(flag.bit);
  if (bit < 0 || bit > bitMax) throw new ConversionError(`bitfield: there is no bit ${bit}`);
  const value = found.get(str(flag.path));
  if (value === undefined) return undefined;
  return flag.value === undefined || equals(value, flag.value) ? BigInt(bit) : undefined;
}

/** The seconds between two times, whichever comes first. */
function timedelta(matches: readonly Datum[]): Value {
  const [start, end] = matches.map(({ value }) => value);
  if (matches.length !== 2 || typeof start !== 'string' || typeof end !== 'string') return null;
  try {
    const [a, b] = [parseDateTime(start), parseDateTime(end)];
    const microseconds = (b.seconds - a.seconds) * 1e6 + (b.microseconds - a.microseconds);
    return float(Math.abs(microseconds / 1e6));
  } catch (error) {
    if (error instanceof ConversionError) return null;
    throw error;
  }
}

/** Each match looked up in a table; the first that is not mapped to null. */
function mapPlugin(parameters: YamlNode): Plugin {
  const values = memberOf(parameters, 'values');
  const empty = values === undefined || isEmpty(toValue(values));
  if (values === undefined || empty) {
    throw new PluginError("The 'values' parameter is required for the map trait plugin");
  }
  if (values.kind !== 'mapping') {
    throw new PluginError("The 'values' parameter needs to be a dict for the map trait plugin");
  }
  const otherwise = parameter(parameters, 'default', null);
  const exact = !isEmpty(parameter(parameters, 'case_sensitive', true));
  const table = new Map(
    values.entries.map(({ key, value }) => [tableKey(key, exact), toValue(value)]),
  );
  return (matches) =>
    firstOf(matches.map(({ value }) => table.get(tableKey(value, exact)) ?? otherwise));
}

/** True for the values that Python takes for false. */
const isEmpty = (value: Value): boolean =>
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isDict(value) && Object.keys(value).length === 0) ||
  equals(value, 0);

/** As Python's dict: 1, 1.0 and True are one key. @throws ConversionError for a list or an object */
function tableKey(key: Value, exact: boolean): string {
  if (typeof key === 'string') return `text ${exact ? key : key.toUpperCase().toLowerCase()}`;
  if (key === null) return 'null';
  if (Array.isArray(key) || isDict(key)) {
    throw new ConversionError(`map: ${typeName(key)} cannot be looked up`);
  }
  return `number ${typeof key === 'bigint' ? key : Number(key)}`;
}
