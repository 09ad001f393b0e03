import {
  type Dialect,
  dialects,
  type EventSource,
  type Json,
  knownOf,
  type Plane,
  planes,
  type Report,
  type Severity,
  severities,
  type Trait,
  type TraitType,
  traitTypes,
} from './event.ts';
import { formatInstant, InstantError, parseInstant } from './instant.ts';
import { integerTrait, isJsonObject, parseJson, stringifyJson } from './json.ts';
import { isNestedDeeper, maxDocumentDepth } from './json-depth.ts';

/**
 * The JSON body of a journal message: one report, for anyone who follows the subjects. What is empty or
 * was not said is absent. A later version may add fields; one that changes what a field means has another `v`.
 */
interface ReportMessage {
  /** The version of this form. */
  readonly v: 2;
  /** A UUID in lower case. Messages of one id are reports of one event, which completes with each. */
  readonly id: string;
  /** True where the gateway made the id, so that no earlier message has it. */
  readonly generatedId?: true;
  readonly namespace: string;
  readonly category: string;
  readonly action?: string;
  /** NORMAL or ERROR; absent where the reporter did not say. */
  readonly severity?: Severity;
  /** Where it comes from: service, instance, endpoint, node, component, plane and layer, as far as known. */
  readonly source?: {
    readonly [Field in keyof EventSource]?: NonNullable<EventSource[Field]> | undefined;
  };
  /** The id of the one thing it happened to. */
  readonly key?: string;
  /** Other ids under which it is found. */
  readonly filterKeys?: readonly string[];
  /** One line for a person. */
  readonly message?: string;
  /** Expanded: what is tagged `a:b` is tagged `a` too. */
  readonly tags?: readonly string[];
  /** Typed facts, one for a name: the value of a TEXT is a string, of INT and FLOAT a number, of DATETIME a time. */
  readonly traits?: readonly TraitMessage[];
  /** Whatever the reporter attached. */
  readonly value?: Json;
  /** When it happened or began. Times are RFC 3339 in UTC, with 3 or 6 fraction digits. */
  readonly time: string;
  /** When it ended. */
  readonly endTime?: string;
  /** When the gateway took it. */
  readonly recordedAt: string;
  /** The language in which it arrived: TIDINGS, MAYASTOR and so on. */
  readonly dialect: Dialect;
  /** The message as it arrived. */
  readonly raw?: Json;
}

interface TraitMessage {
  readonly name: string;
  readonly type: TraitType;
  readonly value: string | number;
}

export function encodeReport(report: Report): string {
  const { traits } = report;
  // JSON leaves out what is undefined; the order is the one in which a person reads it.
  return stringifyJson({
    v: 2,
    id: report.id,
    generatedId: report.generatedId || undefined,
    namespace: report.namespace,
    category: report.category,
    action: report.action ?? undefined,
    severity: report.severity ?? undefined,
    time: formatInstant(report.time),
    endTime: report.endTime === null ? undefined : formatInstant(report.endTime),
    key: report.key ?? undefined,
    message: report.message ?? undefined,
    source: isKnown(report.source) ? knownOf(report.source) : undefined,
    tags: unlessEmpty(report.tags),
    filterKeys: unlessEmpty(report.filterKeys),
    traits: unlessEmpty(traits.map(encodeTrait)),
    value: report.value ?? undefined,
    recordedAt: formatInstant(report.recordedAt),
    dialect: report.dialect,
    raw: report.raw ?? undefined,
  } satisfies { [Name in keyof ReportMessage]: ReportMessage[Name] | undefined });
}

const unlessEmpty = <Item>(list: readonly Item[]): readonly Item[] | undefined =>
  list.length === 0 ? undefined : list;

const isKnown = ({ service, instance, endpoint, node, component, plane, layer }: EventSource) =>
  (service ?? instance ?? endpoint ?? node ?? component ?? plane ?? layer) !== null;

const encodeTrait = ({ name, type, value }: Trait): TraitMessage => ({
  name,
  type,
  value: type === 'DATETIME' ? formatInstant(value) : value,
});

/** A body that is no report, or of a version that is not known; the message says which. */
export class ReportFormatError extends Error {
  override readonly name = 'ReportFormatError';
}

/** @throws ReportFormatError */
export function decodeReport(text: string): Report {
  const message = object(parse(text), 'The body');
  if (message.v !== 2 && message.v !== 1) {
    throw new ReportFormatError(
      `The body is of version ${JSON.stringify(message.v)}: this gateway reads versions 1 and 2.`,
    );
  }
  return {
    id: textOf(message, 'id'),
    // Version 1 differs in this name alone.
    generatedId: (message.v === 1 ? message.fresh : message.generatedId) === true,
    namespace: textOf(message, 'namespace'),
    category: textOf(message, 'category'),
    action: optional(message, 'action', textOf),
    severity: optional(message, 'severity', (...of) => oneOf<Severity>(severities, ...of)),
    source: sourceOf(message.source === undefined ? {} : object(message.source, 'source')),
    key: optional(message, 'key', textOf),
    filterKeys: textsOf(message, 'filterKeys'),
    message: optional(message, 'message', textOf),
    tags: textsOf(message, 'tags'),
    traits: listOf(message, 'traits').map((trait) => traitOf(object(trait, 'A trait'))),
    value: jsonOf(message, 'value'),
    time: instantOf(message, 'time'),
    endTime: optional(message, 'endTime', instantOf),
    recordedAt: instantOf(message, 'recordedAt'),
    dialect: oneOf(dialects, message, 'dialect'),
    raw: jsonOf(message, 'raw'),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parse(text: string): unknown {
  // Most reports are too short to be that deep.
  if (text.length > maxDocumentDepth && isNestedDeeper(text)) {
    throw new ReportFormatError(`The body is nested more than ${maxDocumentDepth} levels deep.`);
  }
  try {
    return parseJson(text);
  } catch (cause) {
    throw new ReportFormatError('The body is not JSON.', { cause });
  }
}

function object(value: unknown, name: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new ReportFormatError(`${name} is not an object.`);
}

function optional<Value>(
  from: JsonObject,
  name: string,
  read: (from: JsonObject, name: string) => Value,
): Value | null {
  return from[name] === undefined ? null : read(from, name);
}

function textOf(from: JsonObject, name: string): string {
  const value = from[name];
  if (typeof value === 'string') return value;
  throw new ReportFormatError(`${name} is not a string.`);
}

function listOf(from: JsonObject, name: string): readonly unknown[] {
  const list = from[name] ?? [];
  if (Array.isArray(list)) return list;
  throw new ReportFormatError(`${name} is not a list.`);
}

function textsOf(from: JsonObject, name: string): readonly string[] {
  const list = listOf(from, name);
  if (list.every((item) => typeof item === 'string')) return list;
  throw new ReportFormatError(`${name} is not a list of strings.`);
}

function oneOf<Name extends string>(known: readonly Name[], from: JsonObject, name: string): Name {
  const found = known.find((each) => each === from[name]);
  if (found !== undefined) return found;
  throw new ReportFormatError(`${name} is not one of ${known.join(', ')}.`);
}

function instantOf(from: JsonObject, name: string): number {
  try {
    return parseInstant(textOf(from, name));
  } catch (error) {
    throw error instanceof InstantError ? notATime(name, error) : error;
  }
}

const notATime = (name: string, cause: InstantError): ReportFormatError =>
  new ReportFormatError(`${name} ${cause.message}.`, { cause });

/** What JSON.parse has made is JSON. */
const jsonOf = (from: JsonObject, name: string): Json => (from[name] as Json | undefined) ?? null;

function sourceOf(from: JsonObject): EventSource {
  return {
    service: optional(from, 'service', textOf),
    instance: optional(from, 'instance', textOf),
    endpoint: optional(from, 'endpoint', textOf),
    node: optional(from, 'node', textOf),
    component: optional(from, 'component', textOf),
    plane: optional(from, 'plane', (...of) => oneOf<Plane>(planes, ...of)),
    layer: optional(from, 'layer', textOf),
  };
}

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || Number.isInteger(value);

function traitOf(from: JsonObject): Trait {
  const name = textOf(from, 'name');
  const type = oneOf(traitTypes, from, 'type');
  if (type === 'TEXT') return { name, type, value: textOf(from, 'value') };
  if (type === 'DATETIME') return { name, type, value: instantOf(from, 'value') };
  const { value } = from;
  // Another publisher may write a larger integer than a trait keeps, or a float with all its digits.
  if (type === 'INT' && isInteger(value)) return integerTrait(name, value);
  if (type === 'FLOAT' && isNumber(value) && Number.isFinite(Number(value))) {
    return { name, type, value: Number(value) };
  }
  const kind = type === 'INT' ? 'an integer' : 'a number';
  throw new ReportFormatError(`The value of trait ${JSON.stringify(name)} is not ${kind}.`);
}
