import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { Session } from './session.ts';

export function describeReports(session: Session): void {
  test('an event is found as it was reported', async () => {
    const id = randomUUID();
    const { tag, minIndex, results } = await session.report([{ ...whole, id }]);
    expect(results).toEqual([
      { __typename: 'ReportedEvent', id, index: minIndex, status: 'STORED' },
    ]);

    const { events } = await session.reader.gql(
      `query ($filter: EventFilter, $minIndex: SafeInt) {
        events(filter: $filter, minIndex: $minIndex) { nodes { ${everyField} } totalCount }
      }`,
      { filter: { tags: [tag] }, minIndex },
    );

    expect(events.totalCount).toBe(1);
    expect(events.nodes).toEqual([
      {
        id,
        index: minIndex,
        namespace: 'storage',
        category: { name: 'Volume', description: expect.any(String) },
        action: 'Create',
        type: 'Volume.Create',
        severity: 'ERROR',
        source: whole.source,
        key: 'vol-1',
        filterKeys: ['pool-1', 'node-1'],
        message: 'volume created',
        tags: expect.arrayContaining(['pool', 'pool:gold', tag, 'test']),
        traits: [
          {
            name: 'label',
            type: 'TEXT',
            text: 'fast',
            int: null,
            float: null,
            dateTime: null,
            value: 'fast',
          },
          {
            name: 'size',
            type: 'INT',
            text: null,
            int: 20,
            float: null,
            dateTime: null,
            value: 20,
          },
          {
            name: 'load',
            type: 'FLOAT',
            text: null,
            int: null,
            float: 0.5,
            dateTime: null,
            value: 0.5,
          },
          {
            name: 'due',
            type: 'DATETIME',
            text: null,
            int: null,
            float: null,
            dateTime: '2026-01-02T03:04:05.000006Z',
            value: '2026-01-02T03:04:05.000006Z',
          },
        ],
        some: [{ name: 'size' }],
        trait: { int: 20 },
        none: null,
        value: whole.value,
        time: '2026-01-01T00:00:00.123Z',
        endTime: '2026-01-01T01:00:00.000Z',
        recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        dialect: 'TIDINGS',
        raw: whole.raw,
      },
    ]);
    expect(
      await session.reader.gql('query ($id: ID!) { event(id: $id) { id } }', {
        id: id.toUpperCase(),
      }),
    ).toEqual({
      event: { id },
    });
  });

  test('an event that nobody reported is null', async () => {
    const { event } = await session.reader.gql('query ($id: ID!) { event(id: $id) { id } }', {
      id: randomUUID(),
    });
    expect(event).toBeNull();
  });

  test('no field of an event is required', async () => {
    const { tag, minIndex } = await session.report([{}]);
    const { events } = await session.reader.gql(
      `query ($tags: [String!], $minIndex: SafeInt) {
        events(filter: { tags: $tags }, minIndex: $minIndex) {
          nodes { type action namespace severity key message value endTime source { node } category { name } }
        }
      }`,
      { tags: [tag], minIndex },
    );
    expect(events.nodes).toEqual([
      {
        type: 'event',
        action: null,
        namespace: 'default',
        severity: 'NORMAL',
        key: null,
        message: null,
        value: null,
        endTime: null,
        source: { node: null },
        category: { name: 'event' },
      },
    ]);
  });

  test('two reports of one id are one event, whichever comes first', async () => {
    const id = randomUUID();
    const { tag, minIndex: first } = await session.report([
      {
        id,
        type: 'Upgrade',
        endTime: '2026-03-01T02:00:00Z',
        time: '2026-03-01T02:00:00Z',
        message: 'done',
      },
    ]);
    const { minIndex } = await session.report(
      [
        {
          id,
          type: 'Upgrade',
          time: '2026-03-01T01:00:00Z',
          traits: [{ name: 'to', value: { text: 'v2' } }],
        },
      ],
      tag,
    );
    expect(minIndex).toBeGreaterThan(first);
    const { events } = await session.reader.gql(
      `query ($tags: [String!], $minIndex: SafeInt) {
        events(filter: { tags: $tags }, minIndex: $minIndex) {
          nodes { id index time endTime message trait(name: "to") { text } }
        }
      }`,
      { tags: [tag], minIndex },
    );
    expect(events.nodes).toEqual([
      {
        id,
        index: minIndex,
        time: '2026-03-01T01:00:00.000Z',
        endTime: '2026-03-01T02:00:00.000Z',
        message: 'done',
        trait: { text: 'v2' },
      },
    ]);
  });

  test('a report whose id belongs to an event of another namespace is in conflict and changes nothing', async () => {
    const id = randomUUID();
    const { minIndex } = await session.report([{ id, namespace: 'mine', message: 'mine' }]);
    const conflict = {
      __typename: 'RejectedEvent',
      errors: [{ path: ['id'], code: 'CONFLICT', message: expect.stringContaining('another id') }],
    };
    // A gateway answers so as soon as it has read the first report from the journal.
    await vi.waitFor(async () => {
      const { results } = await session.report([
        { id, namespace: 'theirs', message: 'theirs' },
        { id, message: 'nobody’s' },
      ]);
      expect(results).toEqual([conflict, conflict]);
    });
    const { events } = await session.reader.gql(
      `query ($filter: EventFilter, $minIndex: SafeInt) {
        events(filter: $filter, minIndex: $minIndex) { nodes { namespace message index } }
      }`,
      { filter: { ids: [id] }, minIndex },
    );
    expect(events.nodes).toEqual([{ namespace: 'mine', message: 'mine', index: minIndex }]);
  });

  test('a repeated report is a duplicate and changes nothing', async () => {
    const event = { id: randomUUID(), type: 'Twice', time: '2026-03-01T00:00:00Z' };
    const { tag, results } = await session.report([event]);
    const { results: again } = await session.report([event], tag);
    expect(again).toEqual([{ ...results[0], status: 'DUPLICATE' }]);
  });

  test('a bad event among good ones is rejected alone', async () => {
    const { payload, tag, minIndex } = await session.report([
      { type: 'Good.One' },
      { type: 'Bad.Time', time: 'yesterday' },
      { type: 'Bad.Id', id: 'not-a-uuid', tags: [''] },
      { type: 'Good.Two' },
    ]);
    expect(payload).toMatchObject({ accepted: 2, rejected: 2 });
    const kinds = payload.results.map(({ __typename }) => __typename);
    expect(kinds).toEqual(['ReportedEvent', 'RejectedEvent', 'RejectedEvent', 'ReportedEvent']);
    expect(payload.results[1]?.errors).toEqual([
      { path: ['time'], code: 'INVALID', message: expect.stringMatching(/\w.*\.$/) },
    ]);
    const paths = payload.results[2]?.errors.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining([['id'], ['tags', '0']]));
    const { events } = await session.reader.gql(
      `query ($tags: [String!], $minIndex: SafeInt) {
        events(filter: { tags: $tags }, orderBy: INDEX_ASC, minIndex: $minIndex) { nodes { type } }
      }`,
      { tags: [tag], minIndex },
    );
    expect(events.nodes).toEqual([{ type: 'Good.One' }, { type: 'Good.Two' }]);
  });

  test('ACCEPTED does not wait for the store', async () => {
    const { reportEvent } = await session.writer.gql(
      'mutation { reportEvent(event: { type: "Quick" }, wait: ACCEPTED) { ... on ReportedEvent { status index } } }',
    );
    expect(reportEvent).toEqual({ status: 'ACCEPTED', index: expect.any(Number) });
  });

  test('a thousand events go in one call, in order', async () => {
    const events = Array.from({ length: 1000 }, (_, n) => ({ type: 'Bulk.Item', value: n }));
    const { indexes, payload } = await session.report(events);
    expect(payload).toMatchObject({ accepted: 1000, rejected: 0 });
    expect(indexes).toEqual(indexes.toSorted((a: number, b: number) => a - b));
    expect(new Set(indexes).size).toBe(1000);
  });
}

const everyField = `
  id index namespace category { name description } action type severity
  source { service instance endpoint node component plane layer }
  key filterKeys message tags
  traits { name type text int float dateTime value }
  some: traits(names: ["size"]) { name }
  trait(name: "size") { int }
  none: trait(name: "nothing") { int }
  value time endTime recordedAt dialect raw
`;

const whole = {
  namespace: 'storage',
  type: 'Volume.Create',
  severity: 'ERROR',
  source: {
    service: 'storage',
    instance: 'storage-1',
    endpoint: '/volumes',
    node: 'node-1',
    component: 'CoreAgent',
    plane: 'CONTROL_PLANE',
    layer: 'K8S',
  },
  key: 'vol-1',
  filterKeys: ['pool-1', 'node-1'],
  message: 'volume created',
  tags: ['pool:gold'],
  traits: [
    { name: 'label', value: { text: 'fast' } },
    { name: 'size', value: { int: 20 } },
    { name: 'load', value: { float: 0.5 } },
    { name: 'due', value: { dateTime: '2026-01-02T04:04:05.000006+01:00' } },
  ],
  value: { nested: [1, 'two', null, { three: 3.5 }] },
  time: '2026-01-01T00:00:00.123Z',
  endTime: '2026-01-01T01:00:00Z',
  raw: { original: true },
};
