import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { IndexedReport } from '../../../src/event/completion.ts';
import type { Event, Report } from '../../../src/event/event.ts';
import { everything } from '../../../src/event/filter.ts';
import {
  AppendError,
  type AppendOutcome,
  isAppended,
} from '../../../src/journal/append-outcome.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import type { OpenStore } from '../../../src/store/open.ts';
import { StoreFiller } from '../../../src/store/write/filler.ts';
import { plainChanges, plainEvents } from '../../event/plain-completion.ts';
import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { pgliteHarness, type StoreHarness } from '../../store/harness.ts';
import { report } from '../report.ts';
import { openNatsJournal, silent, within } from './harness.ts';

const keep = { maxAgeMs: 86_400_000, maxBytes: 2 ** 30 };

interface Gateway extends AsyncDisposable {
  readonly journal: ReturnType<typeof openNatsJournal>;
  readonly notified: Event[];
}

let server: NatsServer;
let harness: StoreHarness;
let gateways: Gateway[];
beforeAll(async () => {
  [server, harness] = await Promise.all([startNatsServer(), pgliteHarness()]);
  gateways = [await open(harness.store), await open(harness.store)];
});
afterAll(async () => {
  for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await harness[Symbol.asyncDispose]();
});

async function open(store: OpenStore): Promise<Gateway> {
  const journal = openNatsJournal(server.url, 'TIDINGS', store);
  const options = { leaseMs: 5_000, keep };
  const { stream, link, tail } = journal;
  const filler = new StoreFiller(stream, link, tail, store, silent, options);
  await vi.waitFor(
    () => expect(journal.healthReason() ?? filler.healthReason()).toBeNull(),
    within,
  );
  const notified: Event[] = [];
  journal.follow((changes) => notified.push(...changes));
  return {
    journal,
    notified,
    async [Symbol.asyncDispose]() {
      await filler[Symbol.asyncDispose]();
      await journal[Symbol.asyncDispose]();
    },
  };
}

async function outcomesOf(journal: Journal, reports: readonly Report[]) {
  try {
    return await journal.append(reports);
  } catch (error) {
    if (error instanceof AppendError) return error.outcomes;
    throw error;
  }
}

/** Reports of a few ids and namespaces, each call by one of two gateways; calls of one step are made at once. */
const steps = fc.array(
  fc.array(
    fc.record({
      by: fc.nat({ max: 1 }),
      reports: fc.array(
        fc.record({
          id: fc.nat({ max: 3 }),
          namespace: fc.constantFrom('default', 'a', 'b'),
          message: fc.constantFrom('x', 'y'),
          time: fc.constantFrom(1e15, 1e15 + 1),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  { minLength: 1, maxLength: 5 },
);

interface Answered {
  readonly report: Report;
  readonly outcome: AppendOutcome;
}

/** The stored part of the journal, without those that an answer in conflict kept out of it or left without an index. */
const journalOf = (answered: readonly Answered[]): IndexedReport[] =>
  answered
    .flatMap(({ report, outcome }) =>
      isAppended(outcome) && !outcome.duplicate ? [{ index: outcome.index, report }] : [],
    )
    .sort((a, b) => a.index - b.index);

function expectAnswers(answered: readonly Answered[], journal: readonly IndexedReport[]): void {
  const owners = new Map(plainEvents(journal).map(({ id, namespace }) => [id, namespace]));
  const at = new Map(journal.map((indexed) => [indexed.index, indexed.report]));
  for (const { report, outcome } of answered) {
    if (!isAppended(outcome)) {
      expect(outcome.code).toBe('CONFLICT');
      expect(owners.get(report.id)).not.toBe(report.namespace);
    } else if (outcome.duplicate) {
      // The first copy is not in `at` where it was answered as a conflict.
      expect(at.get(outcome.index) ?? report).toEqual(report);
    }
  }
}

async function run(
  list: readonly (readonly { by: number; reports: readonly Partial<Report>[] }[])[],
) {
  const answered: Answered[] = [];
  for (const calls of list) {
    const answers = await Promise.all(
      calls.map(async ({ by, reports: said }) => {
        const reports = said.map(report);
        const { journal } = gateways[by] as Gateway;
        const outcomes = await outcomesOf(journal, reports);
        return reports.map((each, n) => ({ report: each, outcome: outcomes[n] as AppendOutcome }));
      }),
    );
    answered.push(...answers.flat());
  }
  const { journal } = gateways[0] as Gateway;
  const [last] = await journal.append([report({ message: 'last' })]);
  return { answered, last: last?.index ?? 0 };
}

test('reports of any ids and namespaces make the events of a plain fold: live in every gateway, stored, and rebuilt', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const ids: string[] = Array.from({ length: 4 }, () => randomUUID());
      const mine = new Set(ids);
      const { answered, last } = await run(
        list.map((calls) =>
          calls.map(({ by, reports }) => ({
            by,
            reports: reports.map((said) => ({ ...said, id: ids[said.id] as string })),
          })),
        ),
      );
      const journal = journalOf(answered);
      expectAnswers(answered, journal);
      const changes = plainChanges(journal);
      for (const { notified } of gateways) {
        await vi.waitFor(() => expect(notified.at(-1)?.index).toBe(last), within);
        expect(notified.filter(({ id }) => mine.has(id))).toEqual(changes);
      }
      expect(await harness.store.untilStored(last, within.timeout)).toBe(true);
      const { events } = await harness.store.page({
        filter: { ids },
        order: 'INDEX_ASC',
        limit: 10,
      });
      expect(events).toEqual(plainEvents(journal));
    }),
    { numRuns: 20 },
  );
  // A conflict that was found out late is one that was acknowledged.
  expect(harness.store.conflicting).toBeGreaterThan(0);

  const rebuilt = await pgliteHarness();
  const gateway = await open(rebuilt.store);
  const lastIndex = await gateway.journal.lastIndex();
  expect(await rebuilt.store.untilStored(lastIndex, within.timeout)).toBe(true);
  const all = { filter: everything, order: 'INDEX_ASC', limit: 1000 } as const;
  expect(await rebuilt.store.page(all)).toEqual(await harness.store.page(all));
  await gateway[Symbol.asyncDispose]();
  await rebuilt[Symbol.asyncDispose]();
});

test('a restart of every gateway between two reports of an id changes nothing about its owner', async () => {
  const id = randomUUID();
  const [first] = gateways as [Gateway];
  const [own] = await first.journal.append([report({ id, namespace: 'a', message: 'own' })]);
  await harness.store.untilStored(own?.index ?? 0, within.timeout);
  for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
  gateways = [await open(harness.store), await open(harness.store)];
  const [one, two] = gateways as [Gateway, Gateway];
  const before = harness.store.conflicting;
  await outcomesOf(two.journal, [report({ id, namespace: 'b', message: 'foreign' })]);
  const [last] = await one.journal.append([report({ message: 'last' })]);
  for (const { notified } of gateways) {
    await vi.waitFor(() => expect(notified.at(-1)?.index).toBe(last?.index), within);
    expect(notified.map(({ message }) => message)).toEqual(['last']);
  }
  expect(await harness.store.untilStored(last?.index ?? 0, within.timeout)).toBe(true);
  expect(last?.index).toBe((own?.index ?? 0) + 2);
  expect(harness.store.conflicting).toBe(before + 1);
  expect(await harness.store.event(id)).toMatchObject({ message: 'own', index: own?.index });
});

test('an expired event’s id is free again, for every gateway alike, though one of them remembers it', async () => {
  const id = randomUUID();
  const [one, two] = gateways as [Gateway, Gateway];
  const [own] = await one.journal.append([report({ id, namespace: 'a', message: 'own' })]);
  expect(await harness.store.untilStored(own?.index ?? 0, within.timeout)).toBe(true);
  await vi.waitFor(() => expect(two.notified.at(-1)?.index).toBe(own?.index), within);
  await harness.store.expire(Date.UTC(9000, 1) * 1_000);
  const fresh = await open(harness.store);
  const [next] = await two.journal.append([report({ id, namespace: 'b', message: 'next' })]);
  for (const { notified } of [one, two, fresh]) {
    await vi.waitFor(
      () => expect(notified.at(-1)).toMatchObject({ message: 'next', index: next?.index }),
      within,
    );
  }
  await expect(one.journal.append([report({ id, namespace: 'a' })])).rejects.toMatchObject({
    outcomes: [{ code: 'CONFLICT' }],
  });
  expect(await harness.store.untilStored(next?.index ?? 0, within.timeout)).toBe(true);
  expect(await harness.store.event(id)).toMatchObject({ namespace: 'b', message: 'next' });
  await fresh[Symbol.asyncDispose]();
});
