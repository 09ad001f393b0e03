import { randomBytes } from 'node:crypto';
import type { EventInput, TraitInput, TraitValue } from '../client/schema.generated.ts';
import { typedValue } from '../filter-text/parse.ts';

const inputNames = new Set([
  'id',
  'namespace',
  'type',
  'category',
  'action',
  'severity',
  'source',
  'key',
  'filterKeys',
  'message',
  'tags',
  'traits',
  'value',
  'time',
  'endTime',
  'raw',
]);

/** Fields that only the gateway gives: those of an event that was printed are left out. */
const answered: ReadonlySet<string> = new Set(['index', 'recordedAt', 'dialect']);

/**
 * An event to report, of JSON as EventInput has it or as commands print events. It is given an id, so that reporting it
 * again cannot make a second event of it.
 * @throws Error with a clause that says what is wrong
 */
export function eventInputOf(json: unknown): EventInput {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Error('an event is an object of JSON');
  }
  const given = Object.fromEntries(
    Object.entries(json).filter(([name, value]) => value !== null && !answered.has(name)),
  );
  const unknown = Object.keys(given).find((name) => !inputNames.has(name));
  if (unknown !== undefined) throw new Error(`an event has no field ${unknown}`);
  const { type, category, traits, ...rest } = given as {
    type?: string;
    category?: string;
    traits?: unknown;
  };
  return {
    id: newId(),
    ...rest,
    // Printed events have both.
    ...(category === undefined ? type !== undefined && { type } : { category }),
    ...(traits !== undefined && { traits: traitsOf(traits) }),
  } as EventInput;
}

function traitsOf(traits: unknown): readonly TraitInput[] {
  if (Array.isArray(traits)) return traits.map(traitOf);
  if (typeof traits !== 'object' || traits === null) throw new Error('traits are a list');
  return Object.entries(traits).map(([name, value]) => ({ name, value: traitValueOf(value) }));
}

/** As EventInput has it, {name, value: {int}}, or as it is printed, {name, type, value}. */
function traitOf(trait: unknown): TraitInput {
  const { name, type, value } = (trait ?? {}) as {
    name: string;
    type?: 'TEXT' | 'INT' | 'FLOAT' | 'DATETIME';
    value: unknown;
  };
  if (type === undefined) {
    const isTyped = typeof value === 'object' && value !== null;
    return { name, value: isTyped ? (value as TraitValue) : traitValueOf(value) };
  }
  const member = { TEXT: 'text', INT: 'int', FLOAT: 'float', DATETIME: 'dateTime' }[type];
  return { name, value: { [member]: value } as TraitValue };
}

function traitValueOf(value: unknown): TraitValue {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { int: value } : { float: value };
  }
  return { text: typeof value === 'string' ? value : JSON.stringify(value) };
}

/** A trait of name=value; the value is an integer, a number or an instant where it looks like one, unless in quotes. */
export function traitOfArgument(text: string): TraitInput {
  const equals = text.indexOf('=');
  if (equals < 1) throw new Error(`"${text}" is not name=value`);
  const value = text.slice(equals + 1);
  const [, quoted] = /^"(.*)"$/s.exec(value) ?? [];
  return {
    name: text.slice(0, equals),
    value: quoted === undefined ? typedValue(value) : { text: quoted },
  };
}

/** A UUID of version 7, which sorts by its time. */
function newId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
