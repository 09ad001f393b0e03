import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Converter } from '../../../src/dialects/ceilometer/converter.ts';
import {
  DefinitionsError,
  parseDefinitions,
} from '../../../src/dialects/ceilometer/definitions.ts';
import { repr } from '../../../src/dialects/ceilometer/python/text.ts';
import {
  ConversionError,
  type Dict,
  type Value,
} from '../../../src/dialects/ceilometer/python/value.ts';
import { casesOf, definitionsFile, dictIn, serialised } from './cases.ts';

// Ceilometer's cases of event_pipeline.yaml are left out as a whole, since its sources and sinks are ways out of
// Ceilometer and not ways in: only-excluded, star-and-excluded, included, included-wildcards,
// included-and-excluded-mixed, wildcard-prefix-star-then-excluded, exclude-all, events-empty, exclusion-glob-classes,
// no-events, no-sinks-in-source, duplicate-source, sink-listed-twice, unknown-publisher-is-only-logged,
// two-sources-two-sinks.

/** What Ceilometer says of a definition in words of its own; the rest are Python's. */
const brief =
  /^(?!Parse error).*|Parse error in JSONPath specification '.*' for \w+: (?=Parse error)/s;

const named = (cases: readonly Dict[]) => cases.map((each) => [String(each.name), each] as const);

function messageOf(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing is wrong';
}

function expectResult(convert: () => string | null, { event, dropped, error }: Dict): void {
  if (error !== null && error !== undefined) expect(convert).toThrow(ConversionError);
  else expect(convert()).toBe(dropped === true ? null : repr(event ?? null));
}

describe('with our definitions, as Ceilometer with its own', () => {
  const definitions = parseDefinitions(readFileSync(definitionsFile, 'utf8'), 'ceilometer.yaml');
  const converter = new Converter(definitions, { dropUnmatched: false, storeRaw: [] });

  test.each(named(casesOf('oracle')))('%s', (_name, { priority, notification, expected }) => {
    expectResult(() => {
      const event = converter.convert({ level: String(priority), body: dictIn(notification) });
      return event && serialised(event);
    }, dictIn(expected));
  });
});

describe('with definitions of all kinds', () => {
  test.each(named(casesOf('custom')))('%s', (_name, given) => {
    const { definitions_yaml: yaml, options, notifications } = given;
    const { definitions_error: fault, results } = dictIn(given.expected);
    const load = () => parseDefinitions(String(yaml), 'definitions.yaml');
    if (fault !== null) {
      expect(() => load()).toThrow(DefinitionsError);
      const [said = ''] = brief.exec(String(dictIn(fault).brief ?? '')) ?? [];
      expect(messageOf(load)).toContain(said);
      return;
    }
    const { drop_unmatched_notifications: dropUnmatched, store_raw: storeRaw } = dictIn(options);
    const converter = new Converter(load(), {
      dropUnmatched: dropUnmatched === true,
      storeRaw: storeRaw as string[],
    });
    (notifications as Value[]).forEach((notification, at) => {
      const { _priority: level = 'info', ...body } = dictIn(notification);
      expectResult(
        () => {
          const event = converter.convert({ level: String(level), body });
          return event && serialised(event);
        },
        dictIn((results as Value[])[at]),
      );
    });
  });
});
