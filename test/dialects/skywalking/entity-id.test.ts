import { expect, test } from 'vitest';
import { namesOf, partId, serviceId } from '../../../src/dialects/skywalking/entity-id.ts';
import cases from '../../fixtures/skywalking-cases.json' with { type: 'json' };

interface IdCase {
  readonly id: string;
  readonly service?: string;
  readonly normal?: boolean;
  readonly instance?: string;
  readonly endpoint?: string;
}

/** Ids of relations occur in alarms alone, which are not a part of this protocol's event half. */
const leftOut = (given: object) => 'relation' in given;

test.each((cases.ids.cases as IdCase[]).filter((given) => !leftOut(given)))('$id', (given) => {
  const part = given.instance ?? given.endpoint;
  const { service = '', normal } = given;
  expect(part === undefined ? serviceId(service, normal) : partId(service, part, normal)).toBe(
    given.id,
  );
  if (service !== '') expect(namesOf(given.id)).toEqual({ service, part: part ?? null });
});

test('names of any script come back from their ids', () => {
  expect(namesOf(partId('négoce::支付', 'pod/1_2'))).toEqual({
    service: 'négoce::支付',
    part: 'pod/1_2',
  });
});

test.each(['', 'QQ==', 'QQ==.2', 'QQ==.1_', '.1', 'a b.1'])('%j is no id', (id) => {
  expect(namesOf(id)).toBeNull();
});
