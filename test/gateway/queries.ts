import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Session } from './session.ts';

export function describeQueries(session: Session): void {
  const untilStored = (minIndex: number) =>
    session.reader.gql('query ($n: SafeInt) { events(minIndex: $n, first: 0) { nodes { id } } }', {
      n: minIndex,
    });

  test('filters combine', async () => {
    const { tag, minIndex } = await session.report([
      { type: 'Disk.Full', key: 'd1', traits: [{ name: 'used', value: { int: 99 } }] },
      { type: 'Disk.Failed', key: 'd2', severity: 'ERROR', filterKeys: ['rack-7'] },
      { type: 'Fan.Failed', key: 'f1', severity: 'ERROR', source: { node: 'n1' } },
    ]);
    const find = async (filter: object): Promise<string[]> => {
      const { events } = await session.reader.gql(
        `query ($filter: EventFilter, $minIndex: SafeInt) {
          events(filter: $filter, minIndex: $minIndex, orderBy: INDEX_ASC) { nodes { key } }
        }`,
        { filter: { tags: [tag], ...filter }, minIndex },
      );
      return events.nodes.map(({ key }: { key: string }) => key);
    };
    expect(await find({ categories: ['Disk'] })).toEqual(['d1', 'd2']);
    expect(await find({ actions: ['Failed'], severities: ['ERROR'] })).toEqual(['d2', 'f1']);
    expect(await find({ types: ['Disk.*', '!*.Full'] })).toEqual(['d2']);
    expect(await find({ topics: ['Disk:rack-7', 'Fan'] })).toEqual(['d2', 'f1']);
    expect(await find({ keys: ['rack-7', 'd1'] })).toEqual(['d1', 'd2']);
    expect(await find({ traits: [{ name: 'used', op: 'GT', value: { float: 98.5 } }] })).toEqual([
      'd1',
    ]);
    expect(await find({ source: { node: 'n1' } })).toEqual(['f1']);
    expect(await find({ any: [{ keys: ['d1'] }, { source: { node: 'n1' } }] })).toEqual([
      'd1',
      'f1',
    ]);
    expect(
      await find({ all: [{ categories: ['Disk'] }, { actions: ['Full', 'Melted'] }] }),
    ).toEqual(['d1']);
    expect(await find({ all: [] })).toEqual(['d1', 'd2', 'f1']);
    expect(await find({ not: { categories: ['Disk'] } })).toEqual(['f1']);
    expect(await find({ ended: true })).toEqual([]);
    expect(await find({ time: { gte: 'now-1h', lte: 'now+1m' } })).toEqual(['d1', 'd2', 'f1']);
  });

  test('events are aggregated in groups and time buckets', async () => {
    const at = (hour: number) => `2026-05-01T0${hour}:30:00Z`;
    const { tag, minIndex } = await session.report([
      { type: 'Load.Sample', value: 10, time: at(0), tags: ['host:a'] },
      { type: 'Load.Sample', value: 30, time: at(0), tags: ['host:a'] },
      { type: 'Load.Sample', value: 5, time: at(2), tags: ['host:b'] },
      { type: 'Load.Note', time: at(2), tags: ['host:b'] },
    ]);
    const aggregate = async (args: string) => {
      const { aggregateEvents } = await session.reader.gql(
        `query ($tags: [String!], $minIndex: SafeInt) {
          aggregateEvents(filter: { tags: $tags }, minIndex: $minIndex, ${args}) {
            rows { group { name value } bucket count measured average min max sum percentiles { rank value } }
          }
        }`,
        { tags: [tag], minIndex },
      );
      return aggregateEvents.rows;
    };
    expect(
      await aggregate('groupBy: [{ tagGroup: "host" }, { field: TYPE }], percentiles: [0.5]'),
    ).toEqual([
      expect.objectContaining({
        group: [
          { name: 'host', value: 'a' },
          { name: 'TYPE', value: 'Load.Sample' },
        ],
        bucket: null,
        count: 2,
        measured: 2,
        average: 20,
        min: 10,
        max: 30,
        sum: 40,
        percentiles: [{ rank: 0.5, value: 20 }],
      }),
      expect.objectContaining({ count: 1 }),
      expect.objectContaining({ count: 1 }),
    ]);
    const buckets = await aggregate('interval: "1h"');
    expect(
      buckets.map(({ bucket, count }: { bucket: string; count: number }) => [bucket, count]),
    ).toEqual([
      ['2026-05-01T00:00:00.000Z', 2],
      ['2026-05-01T01:00:00.000Z', 0],
      ['2026-05-01T02:00:00.000Z', 2],
    ]);
    const [day] = await aggregate('interval: "1d", timeZone: "Asia/Kolkata"');
    expect(day).toMatchObject({
      bucket: '2026-04-30T18:30:00.000Z',
      count: 4,
      measured: 3,
      sum: 45,
    });
    const inFragments = await session.reader.gql(
      `query ($tags: [String!]) {
        one: aggregateEvents(filter: { tags: $tags }) { rows { count ... { most: max } } }
        two: aggregateEvents(filter: { tags: $tags }) { rows { count ...Middle } }
        three: aggregateEvents(filter: { tags: $tags }) { rows { count } }
      }
      fragment Middle on EventAggregate { average }`,
      { tags: [tag] },
    );
    expect(inFragments).toEqual({
      one: { rows: [{ count: 4, most: 30 }] },
      two: { rows: [{ count: 4, average: 15 }] },
      three: { rows: [{ count: 4 }] },
    });
  });

  test('the catalogue has the built-in types and the reported ones', async () => {
    const category = `Thing${randomUUID().slice(0, 8)}`;
    const { minIndex } = await session.report([
      { category, action: 'Done' },
      { category: 'Volume', action: 'Painted' },
    ]);
    await untilStored(minIndex);
    const { categories } = await session.reader.gql(
      'query ($names: [String!]) { categories(names: $names) { name description actions { name description plane } } }',
      { names: [category, 'Volume'] },
    );
    const [volume, thing] = categories;
    expect(volume).toMatchObject({ name: 'Volume', description: expect.any(String) });
    expect(volume.actions).toEqual(
      expect.arrayContaining([
        { name: 'Create', description: expect.any(String), plane: 'CONTROL_PLANE' },
        { name: 'Painted', description: null, plane: null },
      ]),
    );
    expect(thing).toEqual({
      name: category,
      description: null,
      actions: [{ name: 'Done', description: null, plane: null }],
    });
    const all = await session.reader.gql('{ categories { name } }');
    const names = all.categories.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['Pool', 'HighAvailability', category]));
  });

  test('the actions of a hundred categories are listed in one answer', async () => {
    const prefix = `Many${randomUUID().slice(0, 8)}`;
    const names = Array.from({ length: 100 }, (_, at) => `${prefix}${at}`);
    const { minIndex } = await session.report(
      names.map((category) => ({ category, action: 'Done' })),
    );
    await untilStored(minIndex);
    const { categories } = await session.reader.gql(
      'query ($names: [String!]) { categories(names: $names) { name actions { name } } }',
      { names },
    );
    expect(categories).toHaveLength(names.length);
    const actions = categories.map((each: { actions: object[] }) => each.actions);
    expect(actions).toEqual(names.map(() => [{ name: 'Done' }]));
  });

  test('tags and traits in use are listed', async () => {
    const prefix = `p${randomUUID().slice(0, 8)}`;
    const type = `Traits.${prefix}`;
    const { minIndex } = await session.report([
      { type, tags: [`${prefix}:a`], traits: [{ name: 'n', value: { int: 1 } }] },
      { type, tags: [`${prefix}:a`], traits: [{ name: 'x', value: { float: 1 } }] },
      { type, tags: [`${prefix}:b`] },
    ]);
    await untilStored(minIndex);
    const answer = await session.reader.gql(
      `query ($prefix: String, $types: [String!]) {
        tags(prefix: $prefix) { nodes { tag count } truncated }
        all: tags(prefix: $prefix, first: 3) { truncated }
        one: tags(prefix: $prefix, first: 1) { nodes { tag } truncated }
        traitDescriptors(types: $types) { name type eventType }
      }`,
      { prefix, types: [type] },
    );
    expect(answer.all).toEqual({ truncated: false });
    expect(answer.tags.truncated).toBe(false);
    expect(answer.tags.nodes).toEqual([
      { tag: prefix, count: 3 },
      { tag: `${prefix}:a`, count: 2 },
      { tag: `${prefix}:b`, count: 1 },
    ]);
    expect(answer.one).toEqual({ nodes: [{ tag: prefix }], truncated: true });
    expect(answer.traitDescriptors).toEqual([
      { name: 'n', type: 'INT', eventType: type },
      { name: 'x', type: 'FLOAT', eventType: type },
    ]);
  });

  test('the journal reports its position', async () => {
    const { minIndex } = await session.report([{}]);
    const { journal } = await session.reader.gql(
      '{ journal { kind firstIndex lastIndex storedIndex } }',
    );
    expect(journal.lastIndex).toBeGreaterThanOrEqual(minIndex);
    expect(journal.firstIndex).toBeLessThanOrEqual(minIndex);
    expect(['EMBEDDED', 'NATS']).toContain(journal.kind);
  });

  test('minIndex after the end of the journal is INDEX_AHEAD, at once', async () => {
    const { errors } = await session.reader.run(
      '{ events(minIndex: 900000000000) { nodes { id } } }',
    );
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'INDEX_AHEAD',
      argument: ['minIndex'],
      lastIndex: expect.any(Number),
    });
  });
}
