import { type CompiledPath, compilePath } from './jsonpath/compile.ts';
import { PathError } from './jsonpath/path.ts';
import { createPlugin, type Plugin, PluginError } from './plugins.ts';
import { type DateTime, inUtc, parseDateTime } from './python/date-time.ts';
import { toFloat, toInt } from './python/number.ts';
import { firstCharacters, repr, str } from './python/text.ts';
import { ConversionError, isInt, typeName, type Value } from './python/value.ts';
import { memberOf, toValue, type YamlNode } from './yaml.ts';

/** A trait as Ceilometer makes it: integers of any size, floats that may be infinite. */
export type CeilometerTrait = { readonly name: string } & (
  | { readonly type: 'none' | 'text'; readonly value: string }
  | { readonly type: 'int'; readonly value: number | bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'datetime'; readonly value: DateTime }
);

/** Makes one trait of a notification, or none. @throws ConversionError naming the trait */
export type ExtractTrait = (notification: Value) => CeilometerTrait | null;

/** A trait that is defined wrongly; the message says how, and does not always name the trait. */
class TraitError extends Error {
  override readonly name = 'TraitError';
}

const converters = {
  none: textTrait('none'),
  text: textTrait('text'),
  int: (name: string, value: Value): CeilometerTrait => ({
    name,
    type: 'int',
    value: toInt(value),
  }),
  float: (name: string, value: Value): CeilometerTrait => ({
    name,
    type: 'float',
    value: toFloat(value),
  }),
  datetime: (name: string, value: Value): CeilometerTrait => {
    if (typeof value === 'string')
      return { name, type: 'datetime', value: inUtc(parseDateTime(value)) };
    throw new ConversionError(`${typeName(value)} is no date and time`);
  },
} as const;

type TraitType = keyof typeof converters;

const maxCharacters = 255;

function textTrait(type: 'none' | 'text'): (name: string, value: Value) => CeilometerTrait {
  // Twice the characters, since one may take two units of UTF-16.
  return (name, value) => ({
    name,
    type,
    value: firstCharacters(str(value, 2 * maxCharacters), maxCharacters),
  });
}

/** Members of a notification, as the converter is given it. */
const notificationMembers = ['ctxt', 'publisher_id', 'event_type', 'payload', 'metadata'];

/**
 * Reads a trait's definition, in its long or its short form.
 * @param warn is called with a sentence about each path that is allowed and never matches
 * @throws TraitError
 */
export function traitFrom(
  name: string,
  definition: YamlNode,
  warn: (message: string) => void,
): ExtractTrait {
  const long = definition.kind === 'mapping';
  const fields = long ? memberOf(definition, 'fields') : definition;
  if (fields === undefined) throw new TraitError(`The field 'fields' is required for ${name}`);
  const plugin = long ? pluginOf(name, definition) : undefined;
  const lookup = lookupOf(name, toValue(fields), plugin, warn);
  const type = long ? typeOf(name, definition) : 'text';
  return extractorOf(name, lookup, type);
}

type Lookup = (notification: Value) => Value;

function extractorOf(name: string, lookup: Lookup, type: TraitType): ExtractTrait {
  const convert = converters[type];
  return (notification) => {
    try {
      const value = lookup(notification);
      // Some OpenStack services write '' for a date or a number that is not there.
      if (value === null || (value === '' && type !== 'text')) return null;
      return convert(name, value);
    } catch (cause) {
      if (!(cause instanceof ConversionError)) throw cause;
      throw new ConversionError(`trait ${name}: ${cause.message}`, { cause });
    }
  };
}

function typeOf(name: string, definition: YamlNode): TraitType {
  const node = memberOf(definition, 'type');
  if (node === undefined) return 'text';
  const type = toValue(node);
  if (typeof type !== 'string')
    throw new TraitError(`type must be a string, not ${typeName(type)}`);
  const known = type.toLowerCase();
  if (Object.hasOwn(converters, known)) return known as TraitType;
  throw new TraitError(`Invalid trait type '${type}' for trait ${name}`);
}

function pluginOf(name: string, definition: YamlNode): Plugin | undefined {
  const node = memberOf(definition, 'plugin');
  if (node === undefined) return undefined;
  const given = toValue(node);
  if (typeof given !== 'string' && node.kind !== 'mapping') {
    throw new TraitError(`plugin must be a name or a mapping, not ${typeName(given)}`);
  }
  const named = typeof given === 'string' ? node : memberOf(node, 'name');
  if (named === undefined) {
    throw new TraitError(`Plugin specified, but no plugin name supplied for ${name}`);
  }
  const pluginName = str(toValue(named), shownCharacters);
  try {
    const plugin = createPlugin(pluginName, memberOf(node, 'parameters'));
    if (plugin !== undefined) return plugin;
  } catch (cause) {
    if (!(cause instanceof PluginError)) throw cause;
    throw new TraitError(`plugin ${pluginName}: ${cause.message}`, { cause });
  }
  throw new TraitError(`No plugin named ${pluginName} available for ${name}`);
}

/** Enough of a value that should have been a string: aliases can make it endless. */
const shownCharacters = 1_000;

/** An integer or a boolean is the value itself; anything else is a path, or a list of them. */
function lookupOf(
  name: string,
  fields: Value,
  plugin: Plugin | undefined,
  warn: (message: string) => void,
): Lookup {
  const only = Array.isArray(fields) && fields.length === 1 ? (fields[0] ?? null) : fields;
  if (isInt(only)) return () => only;
  const text = Array.isArray(only)
    ? only.map((path) => `(${str(path, shownCharacters)})`).join('|')
    : only;
  const path = compiled(name, text);
  for (const member of path.topNames) {
    if (!notificationMembers.includes(member)) warn(`${member} ${neverThere(member)}`);
  }
  return plugin === undefined ? path.first : (notification) => plugin(path.all(notification));
}

/** oslo.messaging hands the members `_context_…` of a message on as members of ctxt. */
const neverThere = (member: string): string =>
  member.startsWith('_context_')
    ? `never matches: use ctxt.${member.slice('_context_'.length)}`
    : `never matches: a notification has ${notificationMembers.join(', ')}`;

function compiled(name: string, text: Value): CompiledPath {
  try {
    if (typeof text === 'string') return compilePath(text);
    throw new PathError(`${typeName(text)} is no path`);
  } catch (cause) {
    if (!(cause instanceof PathError)) throw cause;
    const path = typeof text === 'string' ? text : repr(text, shownCharacters);
    throw new TraitError(
      `Parse error in JSONPath specification '${path}' for ${name}: ${cause.message}`,
      { cause },
    );
  }
}
