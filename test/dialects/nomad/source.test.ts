import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DialectContext } from '../../../src/dialects/dialect.ts';
import { NomadSource } from '../../../src/dialects/nomad/source.ts';
import type { Event } from '../../../src/event/event.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { eventually } from '../eventually.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { NomadCluster } from './nomad-cluster.ts';

const timing = { shortestPauseMs: 5, longestPauseMs: 40, silenceMs: 400 };

let gateway: TestGateway;
let cluster: NomadCluster;
let name: string;
let unique = 0;
/** Every change of an event of the test's cluster, in order. */
let told: Event[] = [];
let unfollow: () => void;
const sources = new Set<NomadSource>();

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

beforeEach(async () => {
  cluster = await NomadCluster.start();
  name = `cluster-${++unique}`;
  told = [];
  unfollow = gateway.context.journal.follow((changes) => {
    told.push(...changes.filter((event) => traitOf(event, 'nomad.cluster') === name));
  });
});

afterEach(async () => {
  unfollow();
  for (const source of sources) await source[Symbol.asyncDispose]();
  sources.clear();
  await cluster[Symbol.asyncDispose]();
});

const traitOf = ({ traits }: Event, trait: string) =>
  traits.find((candidate) => candidate.name === trait)?.value;

interface Following {
  readonly context?: DialectContext;
  readonly address?: string;
  readonly topics?: readonly string[];
}

function follow({ context = gateway.context, address, topics = [] }: Following = {}): NomadSource {
  const source = new NomadSource(context, {
    address: address ?? cluster.address,
    token: 'secret',
    cluster: name,
    namespace: '*',
    topics,
    timing,
  });
  sources.add(source);
  return source;
}

async function stop(source: NomadSource): Promise<void> {
  sources.delete(source);
  await source[Symbol.asyncDispose]();
}

const publish = (first: number, last: number, to = cluster): void => {
  for (let index = first; index <= last; index++) {
    to.publish(index, { Topic: 'Job', Type: 'JobRegistered', Key: `job-${index}` });
  }
};

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

/** The cluster's indexes of the recorded events, without our own notes. */
const indexesTold = () =>
  told
    .filter(({ category }) => category !== 'NomadStream')
    .map((event) => traitOf(event, 'nomad.index'));

const untilTold = (indexes: readonly number[]) =>
  eventually(() => expect(indexesTold()).toEqual(indexes));

const notes = () =>
  told
    .filter(({ category }) => category === 'NomadStream')
    .map((event) => [
      event.action,
      traitOf(event, 'nomad.index'),
      traitOf(event, 'nomad.nextIndex'),
    ]);

/** A heartbeat after all sent events has been read. */
const settled = async () => {
  const { length } = told;
  await eventually(() => expect(cluster.subscriptions).toBe(1));
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(told.length).toBe(length);
};

test('what a cluster says becomes events', async () => {
  follow({ topics: ['Allocation', 'Node:*', 'Node'] });
  cluster.publish(
    7,
    {
      Topic: 'Allocation',
      Type: 'AllocationUpdated',
      Key: 'a1',
      Namespace: 'prod',
      FilterKeys: ['web', ''],
      Payload: { Allocation: { NodeName: 'n1', ClientStatus: 'lost', ModifyTime: 1.6e18 } },
    },
    { Topic: 'Job', Key: 'not asked for' },
    { Topic: 'Node', Type: 'NodeDrain', Key: 'n1', Payload: { Node: { ID: 'n1' } } },
  );
  await untilTold([7, 7]);
  expect(told).toMatchObject([
    {
      dialect: 'NOMAD',
      namespace: 'prod',
      category: 'Allocation',
      action: 'AllocationUpdated',
      key: 'a1',
      filterKeys: ['web'],
      severity: 'ERROR',
      source: { component: 'nomad', node: 'n1' },
      time: 1_600_000_000_000_000,
    },
    { namespace: 'default', category: 'Node', action: 'NodeDrain', key: 'n1', severity: 'NORMAL' },
  ]);
  const [{ url, token }] = cluster.requests as [(typeof cluster.requests)[0]];
  expect(token).toBe('secret');
  expect(url.pathname + url.search).toBe(
    '/v1/event/stream?index=0&namespace=*&topic=Allocation%3A*&topic=Node%3A*',
  );
});

test('an event that two topics deliver twice is one', async () => {
  follow({ topics: ['Allocation:a1', 'Allocation:web'] });
  cluster.publish(7, { Topic: 'Allocation', Key: 'a1', FilterKeys: ['web'] });
  cluster.publish(8, { Topic: 'Allocation', Key: 'a2', FilterKeys: ['web'] });
  await untilTold([7, 8]);
});

describe('a connection that breaks', () => {
  test('within a line costs nothing and repeats nothing', async () => {
    follow();
    publish(1, 20);
    await untilTold(range(1, 20));
    cluster.cut();
    publish(21, 40);
    await untilTold(range(1, 40));
    await settled();
    expect(notes()).toEqual([]);
    const indexes = cluster.requests.map(({ url }) => url.searchParams.get('index'));
    expect(indexes).toContain('20');
  });

  test('again and again, while events come, loses and repeats none', async () => {
    follow();
    for (let at = 0; at < 12; at++) {
      publish(at * 10 + 1, at * 10 + 10);
      await eventually(() => expect(cluster.subscriptions).toBe(1));
      cluster.cut();
    }
    await untilTold(range(1, 120));
    await settled();
    expect(notes()).toEqual([]);
  });

  test.each([
    'subscription closed by server, client should resubscribe',
    'event dropped from buffer',
    '',
  ])('because the cluster answers "%s" is opened again', async (text) => {
    follow();
    publish(1, 3);
    await untilTold([1, 2, 3]);
    cluster.end(text);
    publish(4, 6);
    await untilTold(range(1, 6));
  });

  test('by falling silent is opened again', async () => {
    follow();
    publish(1, 2);
    await untilTold([1, 2]);
    cluster.fallSilent(true);
    await eventually(() => expect(cluster.requests.length).toBeGreaterThan(1));
    cluster.fallSilent(false);
    publish(3, 3);
    await untilTold([1, 2, 3]);
  });

  test('is tried again with pauses, until the cluster takes it', async () => {
    cluster.reject({ status: 403, text: 'Permission denied' });
    const begun = performance.now();
    follow();
    await eventually(() => expect(cluster.requests.length).toBeGreaterThanOrEqual(6));
    // 5 + 10 + 20 + 40 + 40, each less a third at most.
    expect(performance.now() - begun).toBeGreaterThan(75);
    publish(1, 2);
    cluster.reject(null);
    await untilTold([1, 2]);
  });
});

describe('a source that starts again', () => {
  test('goes on where the events end, and reports none of them again', async () => {
    const first = follow();
    publish(1, 10);
    await untilTold(range(1, 10));
    await stop(first);
    publish(11, 15);
    follow();
    await untilTold(range(1, 15));
    await settled();
    expect(cluster.requests.at(-1)?.url.searchParams.get('index')).toBe('10');
    expect(notes()).toEqual([]);
  });

  test('adds the events of a transaction that were not appended before', async () => {
    const keys = ['a', 'b', 'c'];
    const whole = keys.map((Key) => ({ Topic: 'Job', Key }));
    let reports = 0;
    const report: DialectContext['intake']['report'] = async (drafts, wait) => {
      if (reports++ > 0) throw new Unavailable('the process has died');
      await gateway.context.intake.report(drafts.slice(0, 1), wait);
      throw new Error('the process dies within the append');
    };
    const first = follow({ context: { ...gateway.context, intake: { report } } });
    cluster.publish(5, ...whole);
    await eventually(() => expect(told).toHaveLength(1));
    await stop(first);
    told = [];
    follow();
    await eventually(() => expect(told.map(({ key }) => key)).toEqual(['b', 'c']));
    await settled();
  });

  test('notes a gap once, where the buffer has moved on', async () => {
    await cluster[Symbol.asyncDispose]();
    cluster = await NomadCluster.start(5);
    const first = follow();
    publish(1, 4);
    await untilTold(range(1, 4));
    await stop(first);
    publish(5, 30);
    const second = follow();
    await untilTold([...range(1, 4), ...range(25, 30)]);
    expect(notes()).toEqual([['Gap', 4, 25]]);
    const gap = told.find(({ action }) => action === 'Gap');
    expect(gap).toMatchObject({ severity: 'ERROR', key: name, dialect: 'NOMAD' });
    expect(gap?.message).toContain('after its index 4 may be lost');
    expect(told.indexOf(gap as Event)).toBe(4);
    await stop(second);
    follow();
    await settled();
    expect(notes()).toHaveLength(1);
  });

  test('notes a gap where the cluster has forgotten everything', async () => {
    follow();
    publish(1, 4);
    await untilTold(range(1, 4));
    cluster.restart();
    await eventually(() => expect(cluster.requests.length).toBeGreaterThan(1));
    await eventually(() => expect(cluster.subscriptions).toBe(1));
    publish(9, 9);
    await untilTold([...range(1, 4), 9]);
    expect(notes()).toEqual([['Gap', 4, 9]]);
  });
});

describe('another server of the cluster', () => {
  test('that lags behind repeats nothing, and leaves no gap', async () => {
    const first = follow();
    publish(1, 10);
    await untilTold(range(1, 10));
    await stop(first);
    await using other = await NomadCluster.start();
    publish(1, 6, other);
    follow({ address: other.address });
    await eventually(() => expect(other.subscriptions).toBe(1));
    publish(7, 12, other);
    await untilTold(range(1, 12));
    expect(notes()).toEqual([]);
  });

  test('that was built anew is followed from its beginning', async () => {
    const first = follow();
    publish(100, 105);
    await untilTold(range(100, 105));
    await stop(first);
    await using other = await NomadCluster.start();
    other.publish(3, { Topic: 'Node', Key: 'n' });
    const second = follow({ address: other.address });
    await eventually(() => expect(notes()).toEqual([['StartedOver', 105, 3]]));
    other.publish(4, { Topic: 'Node', Key: 'n' });
    await untilTold([...range(100, 105), 3, 4]);
    await stop(second);
    other.publish(5, { Topic: 'Node', Key: 'n' });
    follow({ address: other.address });
    await untilTold([...range(100, 105), 3, 4, 5]);
    expect(other.requests.at(-1)?.url.searchParams.get('index')).toBe('4');
    expect(notes()).toHaveLength(1);
  });
});

test('while the journal is down it waits, and reports the same events afterwards', async () => {
  let failures = 5;
  const report: DialectContext['intake']['report'] = async (drafts, wait) => {
    if (failures-- > 0) throw new Unavailable('down');
    return await gateway.context.intake.report(drafts, wait);
  };
  follow({ context: { ...gateway.context, intake: { report } } });
  publish(1, 5);
  await untilTold(range(1, 5));
  expect(failures).toBeLessThan(0);
});

test('an event that is too large is recorded without raw, or without its payload too', async () => {
  follow();
  const sized = (Key: string, kilobytes: number) => ({
    Topic: 'Job',
    Key,
    Payload: { Job: { ID: 'x'.repeat(kilobytes * 1024) } },
  });
  cluster.publish(1, sized('huge', 300), sized('large', 150), sized('small', 1));
  await untilTold([1, 1, 1]);
  expect(
    told.map(({ key, value, raw, message }) => [key, value !== null, raw !== null, message]),
  ).toEqual([
    ['small', true, true, null],
    ['large', true, false, null],
    ['huge', false, false, 'The payload was too large to be taken.'],
  ]);
});

test('an event that is nested too deeply keeps everything but its payload', async () => {
  follow();
  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  const event = (Key: string, levels: number) => ({ Topic: 'Job', Key, Payload: nested(levels) });
  cluster.publish(1, event('deep', 300), event('deeper', 3_000), event('flat', 3));
  cluster.publish(2, event('next', 1));
  await eventually(() => expect(told).toHaveLength(4));
  expect(told.map(({ key, value }) => [key, value !== null]).sort()).toEqual([
    ['deep', false],
    ['deeper', false],
    ['flat', true],
    ['next', true],
  ]);
});

test('many transactions at once keep their order', async () => {
  await cluster[Symbol.asyncDispose]();
  cluster = await NomadCluster.start(5_000);
  publish(1, 3_000);
  follow();
  await untilTold(range(1, 3_000));
});
