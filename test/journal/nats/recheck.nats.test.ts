import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { complete } from '../../../src/event/completion.ts';
import type { Event, Report } from '../../../src/event/event.ts';
import { decodeReport } from '../../../src/event/report-json.ts';
import type { NatsJournal } from '../../../src/journal/nats/journal.ts';
import { type NatsCluster, startNatsCluster } from '../../nats-cluster.ts';
import { report } from '../report.ts';
import { EmptyStore, openNatsJournal, within } from './harness.ts';

/** A store that has what a test says. */
class KnownStore extends EmptyStore {
  readonly #events: Event[] = [];

  add(index: number, stored: Report): void {
    (this.known as Map<string, unknown>).set(stored.id, [{ index, report: stored }]);
    this.#events.push(complete([{ index, report: stored }]));
    this.storedIndex = Math.max(this.storedIndex, index);
  }

  override after(index: number, limit: number): Promise<readonly Event[]> {
    return Promise.resolve(this.#events.filter((event) => event.index > index).slice(0, limit));
  }
}

let cluster: NatsCluster;
let store: KnownStore;
let streams = 0;
const journals: NatsJournal[] = [];

beforeAll(async () => {
  cluster = await startNatsCluster();
});
beforeEach(() => {
  store = new KnownStore();
  streams += 1;
});
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal[Symbol.asyncDispose]();
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function open(copies = 3) {
  const [server] = cluster.servers;
  const journal = openNatsJournal(server?.url ?? '', `T${streams}`, store, undefined, copies);
  journals.push(journal);
  await vi.waitFor(() => expect(journal.healthReason()).toBeNull(), within);
  const notified: Event[] = [];
  journal.follow((changes) => notified.push(...changes));
  return { journal, notified };
}

type Opened = Awaited<ReturnType<typeof open>>['journal'];

/** The body and the headers of a message as it is in the stream. */
async function messageAt({ link, stream }: Opened, sequence: number) {
  const manager = await link.current.jetstreamManager();
  const { data, header } = await manager.streams.getMessage(stream.name, { seq: sequence });
  return { report: decodeReport(Buffer.from(data).toString()), id: header.get('Nats-Msg-Id') };
}

test('while servers may disagree, an acknowledged report that is not stored is published again, and followers are notified once', async () => {
  const one = await open();
  const two = await open();
  const [kept, lost] = [report({ message: 'kept' }), report({ message: 'lost' })];
  one.journal.stream.doubt.raise();
  await one.journal.append([kept, lost]);
  store.add(1, kept);
  store.storedIndex = 2;
  await vi.waitFor(async () => expect(await one.journal.lastIndex()).toBe(3), within);
  const again = await messageAt(one.journal, 3);
  expect(again.report).toEqual({ ...lost, generatedId: false });
  expect(one.journal.republished).toBe(1);
  store.add(3, lost);
  const [last] = await one.journal.append([report({ message: 'last' })]);
  for (const { notified } of [one, two]) {
    await vi.waitFor(() => expect(notified.at(-1)?.index).toBe(last?.index), within);
    expect(notified.map(({ message }) => message)).toEqual(['kept', 'lost', 'last']);
  }
});

test('a stored report that followers were not notified of is published again, and they are notified once', async () => {
  const one = await open();
  const two = await open();
  const told = report({ message: 'told' });
  await one.journal.append([told]);
  await vi.waitFor(() => expect(two.notified).toHaveLength(1), within);
  one.journal.stream.doubt.raise();
  // As if the store had read another message under the index of that one.
  store.add(1, report({ message: 'missed' }));
  await vi.waitFor(() => expect(one.notified).toHaveLength(2), within);
  await one.journal.append([report({ message: 'last' })]);
  for (const { notified } of [one, two]) {
    await vi.waitFor(() => expect(notified.at(-1)?.message).toBe('last'), within);
    expect(notified.map(({ message }) => message)).toEqual(['told', 'missed', 'last']);
    expect(notified[1]?.index).toBeGreaterThan(1);
  }
});

test('a stream with copies is given no message ids, and one without copies is', async () => {
  const { journal } = await open();
  const given = report({ id: crypto.randomUUID(), generatedId: false });
  const [first] = await journal.append([given]);
  await vi.waitFor(() => expect(journal.position).toBe(first?.index), within);
  expect(await journal.append([given])).toEqual([{ index: first?.index, duplicate: true }]);
  expect((await messageAt(journal, 1)).id).toBe('');
  streams += 1;
  const alone = await open(1);
  const made = report();
  await alone.journal.append([made]);
  expect((await messageAt(alone.journal, 1)).id).toBe(made.id);
});

test('a gateway that is stopped in a doubt looks for its last reports before it ends', async () => {
  const one = await open();
  const two = await open();
  one.journal.stream.doubt.raise();
  const [lost] = await one.journal.append([report({ message: 'lost' })]);
  store.storedIndex = lost?.index ?? 0;
  await one.journal[Symbol.asyncDispose]();
  expect(one.journal.republished).toBe(1);
  expect(await two.journal.lastIndex()).toBe(2);
});

test('a report that is not stored is published again by whoever has read it, when its own gateway is gone', async () => {
  const one = await open();
  const two = await open();
  const lost = report({ message: 'lost' });
  await one.journal.append([lost]);
  await vi.waitFor(() => expect(two.notified).toHaveLength(1), within);
  await one.journal[Symbol.asyncDispose]();
  two.journal.stream.doubt.raise();
  store.storedIndex = 1;
  await vi.waitFor(async () => expect(await two.journal.lastIndex()).toBe(2), within);
  expect((await messageAt(two.journal, 2)).report).toEqual({ ...lost, generatedId: false });
  expect(two.notified).toHaveLength(1);
});
