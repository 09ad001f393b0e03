import { describe, expect, test } from 'vitest';
import { draftsOf } from '../../../src/dialects/nomad/decode.ts';
import { linesOf } from '../../../src/dialects/nomad/lines.ts';
import { MalformedLine, parseLine } from '../../../src/dialects/nomad/nomad-message.ts';

const node = {
  Topic: 'Node',
  Type: 'NodeDrain',
  Key: 'n1',
  Index: 7,
  Payload: { Node: { ID: 'n1' } },
};
const line = (...events: object[]): string => JSON.stringify({ Index: 7, Events: events });
const now = 1_760_000_000_000_000;

const draftOf = (event: object) => draftsOf(parseLine(line(event)) ?? neverEmpty(), 'c', now)[0];
function neverEmpty(): never {
  throw new Error('the line holds an event');
}

describe('a line', () => {
  test.each(['{}', '{"Index":0,"Events":[]}', '{"Index":9,"Events":null}'])(
    '%s is a heartbeat',
    (text) => {
      expect(parseLine(text)).toBeNull();
    },
  );

  test.each([
    'subscription closed by server, client should resubscribe',
    '[]',
    '5',
    '{"Index":1.5,"Events":[{}]}',
    '{"Index":1,"Events":[5]}',
    '{"Index":1,"Events":{}}',
  ])('%s is rejected', (text) => {
    expect(() => parseLine(text)).toThrow(MalformedLine);
  });

  test.each([1_000, 100_000])(
    '%d levels deep keeps everything but its deepest levels',
    (levels) => {
      const deep = `${'['.repeat(levels)}${']'.repeat(levels)}`;
      const batch = parseLine(`{"Index":7,"Events":[{"Topic":"Job","Key":"k","Payload":${deep}}]}`);
      expect(batch).toMatchObject({ index: 7, events: [{ topic: 'Job', key: 'k' }] });
      expect(JSON.stringify(batch?.events[0]?.payload).length).toBeLessThan(1_100);
    },
  );

  test('holds an event that two topics matched once', () => {
    expect(parseLine(line(node, { ...node, Key: 'n2' }, node))?.events).toMatchObject([
      { key: 'n1' },
      { key: 'n2' },
    ]);
  });
});

describe('ids', () => {
  const idsOf = (cluster: string, ...events: object[]) =>
    draftsOf(parseLine(line(...events)) ?? neverEmpty(), cluster, now).map(({ id }) => id);
  const other = { ...node, Type: 'NodeEligibility' };
  const elsewhere = { ...node, Key: 'n2' };

  test('are the same whenever the line is read', () => {
    expect(idsOf('c', node, other)).toEqual(idsOf('c', node, other));
  });

  test('do not depend on what else was asked for', () => {
    expect(idsOf('c', elsewhere, node, elsewhere, other).slice(1)).toEqual(idsOf('c', node, other));
  });

  test('differ between clusters, keys and changes of one key', () => {
    const ids = [...idsOf('c', node, other, elsewhere), ...idsOf('d', node)];
    expect(new Set(ids).size).toBe(4);
  });
});

describe('a draft', () => {
  test('says what the event says', () => {
    const draft = draftOf({
      Topic: 'Allocation',
      Type: 'AllocationUpdated',
      Key: 'a1',
      Namespace: 'prod',
      FilterKeys: ['web', ''],
      Payload: {
        Allocation: {
          NodeName: 'n1',
          ClientStatus: 'failed',
          ModifyTime: 1_605_285_574_612_938_000,
        },
      },
    });
    expect(draft).toMatchObject({
      dialect: 'NOMAD',
      namespace: 'prod',
      category: 'Allocation',
      action: 'AllocationUpdated',
      severity: 'ERROR',
      source: { component: 'nomad', node: 'n1' },
      key: 'a1',
      filterKeys: ['web'],
      time: 1_605_285_574_612_938,
      traits: [
        { name: 'nomad.cluster', value: 'c' },
        { name: 'nomad.index', value: 7 },
        { name: 'nomad.empty', value: 'FilterKeys' },
      ],
    });
  });

  test('of the whole cluster says so, and happened now where nothing says when', () => {
    const draft = draftOf(node);
    expect(draft).toMatchObject({ severity: 'NORMAL', time: now });
    expect(draft?.traits).toContainEqual({ name: 'nomad.scope', type: 'TEXT', value: 'cluster' });
  });

  test('keeps every digit of an integer', () => {
    const line =
      '{"Index":7,"Events":[{"Topic":"Job","Payload":{"Job":{"ModifyTime":1605285574612938123}}}]}';
    const batch = parseLine(line);
    const [draft] = batch === null ? [] : draftsOf(batch, 'c', now);
    expect(draft).toMatchObject({
      time: 1_605_285_574_612_938,
      value: { Job: { ModifyTime: 1_605_285_574_612_938_123n } },
    });
  });

  test('keeps a time that is ahead, for the intake to replace', () => {
    const ahead = draftOf({ ...node, Payload: { Node: { ModifyTime: 9e18 } } });
    expect(ahead).toMatchObject({ time: 9e15, clock: 'ARRIVAL' });
    expect(draftOf({ ...node, Payload: { Node: { ModifyTime: 9e19 } } })?.time).toBe(now);
  });
});

test('lines are put together from chunks cut anywhere, and what was cut off is left out', async () => {
  const text = '{"a":"é"}\n\n{}\n{"b":1}\n{"cut';
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.slice(at * size, (at + 1) * size),
    );
    const lines: string[] = [];
    for await (const some of linesOf(generate(chunks))) lines.push(...some);
    expect(lines).toEqual(['{"a":"é"}', '{}', '{"b":1}']);
  }
});

async function* generate(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
