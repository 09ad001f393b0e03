import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CeilometerEvent } from '../../../src/dialects/ceilometer/converter.ts';
import { readJson } from '../../../src/dialects/ceilometer/json.ts';
import { isoText } from '../../../src/dialects/ceilometer/python/date-time.ts';
import { repr } from '../../../src/dialects/ceilometer/python/text.ts';
import {
  type Dict,
  float,
  isDict,
  type Value,
} from '../../../src/dialects/ceilometer/python/value.ts';
import type { CeilometerTrait } from '../../../src/dialects/ceilometer/trait.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/ceilometer');

/** The cases of a fixture, numbers kept as Ceilometer's converter would have read them. */
export function casesOf(file: 'oracle' | 'custom'): readonly Dict[] {
  const { cases } = readJson(readFileSync(join(fixtures, `${file}.json`), 'utf8')) as Dict;
  return cases as readonly Dict[];
}

export const definitionsFile = join(import.meta.dirname, '../../../definitions/ceilometer.yaml');

const dtypes = { none: 0, text: 1, int: 2, float: 3, datetime: 4 } as const;

function traitOf(trait: CeilometerTrait): Value {
  const value = trait.type === 'datetime' ? isoText(trait.value) : trait.value;
  return [
    trait.name,
    dtypes[trait.type],
    trait.type === 'float' ? finite(trait.value) : (value as Value),
  ];
}

/** As the fixtures write floats that JSON cannot. */
const finite = (number: number): Value =>
  Number.isFinite(number) ? float(number) : { $float: repr(number) };

/** The event as Ceilometer serialises it, as a string in which 1 differs from 1.0. */
export const serialised = (event: CeilometerEvent): string =>
  repr({
    message_id: event.messageId,
    event_type: event.eventType,
    generated: isoText(event.generated),
    traits: event.traits.map(traitOf),
    raw: event.raw ?? {},
  });

export const dictIn = (value: Value | undefined): Dict => {
  if (isDict(value)) return value;
  throw new Error(`the fixture holds ${repr(value ?? null)} for an object`);
};
