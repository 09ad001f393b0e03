import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import cases from '../../fixtures/skywalking-cases.json' with { type: 'json' };
import { Agent, type AgentEvent } from './agent.ts';
import { type SkyWalkingGateway, startGateway } from './gateway.ts';
import { queryEvents } from './query-client.ts';

/** Reports of one uuid: SkyWalking's cases of merging, through its own protocols. */

interface MergeCase {
  readonly id: string;
  readonly stored_rows: readonly AgentEvent[];
  readonly order: string;
  readonly expected: readonly AgentEvent[];
  readonly paging?: object;
}

const start = 1_700_000_000_000;

/** What Tidings answers where it means to differ; docs/protocols/skywalking.md says why. */
const deviations: Readonly<Record<string, readonly AgentEvent[]>> = {
  // An event is listed at its start, not at its last report.
  'sort-uses-start-for-finished': [
    { uuid: 'one', startTime: start + 1_000, endTime: start + 900_000 },
    { uuid: 'two', startTime: start, endTime: start + 500_000 },
  ],
  // Pages hold whole events.
  'paging-before-merge-page2': [{ uuid: 'a', startTime: start, endTime: start + 4_000 }],
  // The latest end counts, in whatever order the events are asked for: as the case itself recommends.
  'QUIRK-order-changes-result-DES': [
    { uuid: 'a', startTime: start, endTime: start + 9_000, message: 'A' },
  ],
};

let gateway: SkyWalkingGateway;
let agent: Agent;
beforeAll(async () => {
  gateway = await startGateway();
  agent = new Agent(gateway.grpc.port);
});
afterAll(async () => {
  agent[Symbol.dispose]();
  await gateway[Symbol.asyncDispose]();
});

/** Reports under a service of their own, and asks for all of it. */
async function reported(
  id: string,
  rows: readonly AgentEvent[],
  asked: object = { paging: { pageNum: 1, pageSize: 15 } },
) {
  for (const row of rows) {
    const source = { service: id };
    await agent.report({ layer: 'GENERAL', ...row, uuid: `${id}/${row.uuid}`, source });
  }
  return queryEvents(gateway.url, {
    source: { service: id },
    time: { start: '2023-11-14 2200', end: '2023-11-14 2300', step: 'MINUTE' },
    ...asked,
  });
}

describe.each(cases.merge_query_time as MergeCase[])('$id', (given) => {
  const { id, order, paging = { pageNum: 1, pageSize: 15 } } = given;
  const expected = (deviations[id] ?? given.expected).map((event) => {
    const { timestamp: _, ...shown } = { timestamp: 0, ...event };
    return { ...shown, uuid: `${id}/${event.uuid}` };
  });

  test('reported in this order', async () => {
    expect(await reported(id, given.stored_rows, { order, paging })).toMatchObject(expected);
  });

  test('reported in the other order', async () => {
    const other = `${id}/other`;
    const events = await reported(other, given.stored_rows.toReversed(), { order, paging });
    expect(events).toMatchObject(
      expected.map((event) => ({ ...event, uuid: event.uuid.replace(id, other) })),
    );
  });
});

test('every deviation is of a case', () => {
  const ids = cases.merge_query_time.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(Object.keys(deviations)));
});

test('an end cannot move back, as it could up to SkyWalking 10.2', async () => {
  const [{ stored, report }] = cases.merge_storage_time as [(typeof cases.merge_storage_time)[0]];
  const rows = [stored, report].map((row) => ({ ...row, uuid: 'a' }));
  expect(await reported('end-can-move-back', rows)).toMatchObject([
    { startTime: stored.startTime, endTime: stored.endTime, message: stored.message },
  ]);
});

describe('a start that nobody told', () => {
  test('is 0', async () => {
    const rows = [{ uuid: 'a', endTime: start + 5_000 }];
    expect(await reported('end', rows)).toMatchObject([{ startTime: 0, endTime: start + 5_000 }]);
  });

  test('is 0 after several ends', async () => {
    const rows = [
      { uuid: 'a', endTime: start + 5_000 },
      { uuid: 'a', endTime: start + 9_000 },
    ];
    expect(await reported('ends', rows)).toMatchObject([{ startTime: 0, endTime: start + 9_000 }]);
  });

  test('is not that of an end before the start that is reported later', async () => {
    const rows = [
      { uuid: 'a', endTime: start + 5_000 },
      { uuid: 'a', startTime: start + 7_000 },
    ];
    expect(await reported('skewed', rows)).toMatchObject([
      { startTime: start + 7_000, endTime: start + 5_000 },
    ]);
  });

  test('is not that of an event which lasted no time', async () => {
    const rows = [{ uuid: 'a', startTime: start + 5_000, endTime: start + 5_000 }];
    expect(await reported('instant', rows)).toMatchObject([
      { startTime: start + 5_000, endTime: start + 5_000 },
    ]);
  });
});

test('parameters of both reports are united, and an end says nothing by saying nothing', async () => {
  const rows = [
    { uuid: 'a', startTime: start, message: 'begin', parameters: { a: '1', b: '1' }, name: 'Up' },
    { uuid: 'a', endTime: start + 1_000, parameters: { b: '2' } },
  ];
  expect(await reported('united', rows)).toMatchObject([
    {
      name: 'Up',
      message: 'begin',
      parameters: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
    },
  ]);
});
