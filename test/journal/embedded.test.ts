import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { AppendError, isAppended } from '../../src/journal/append-outcome.ts';
import { EmbeddedJournal } from '../../src/journal/embedded.ts';
import type { EventLog } from '../../src/journal/event-log.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import type { OpenStore } from '../../src/store/open.ts';
import { pgliteHarness, type StoreHarness } from '../store/harness.ts';
import { journalContract } from './contract.ts';
import { report } from './report.ts';

journalContract('The embedded journal over PGlite', async () => {
  const { store, ...harness } = await pgliteHarness();
  return { ...harness, open: () => EmbeddedJournal.open(store) };
});

describe('the embedded journal', () => {
  let harness: StoreHarness;
  let store: OpenStore;
  beforeAll(async () => {
    harness = await pgliteHarness();
    store = harness.store;
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  /** The store, and the faults of its next writes. */
  let faults: ('none' | 'unwritten' | 'unanswered')[];
  let down: boolean;
  let log: EventLog;
  beforeEach(() => {
    faults = [];
    down = false;
    log = {
      async write(parts, from) {
        const fault = down ? 'unwritten' : faults.shift();
        if (fault === 'unwritten') throw new Unavailable('The database is down.');
        const written = await store.write(parts, from);
        if (fault === 'unanswered') throw new Unavailable('The connection was lost.');
        return written;
      },
      async lastIndex() {
        if (down) throw new Unavailable('The database is down.');
        return store.lastIndex();
      },
      async journalId(proposed) {
        if (down) throw new Unavailable('The database is down.');
        return store.journalId(proposed);
      },
      after: (index, limit) => store.after(index, limit),
    };
  });

  const open = async (options?: Parameters<typeof EmbeddedJournal.open>[1]) => {
    const journal = await EmbeddedJournal.open(log, options);
    const notified: Event[] = [];
    journal.follow((changes) => notified.push(...changes));
    return { journal, notified };
  };
  const unavailable = { name: 'Unavailable' };

  test('a write whose answer was lost is not acknowledged, but followers are notified, and its indexes are not given again', async () => {
    const { journal, notified } = await open();
    faults = ['unanswered'];
    const lost = [report({ message: 'a' }), report({ message: 'b' })];
    await expect(journal.append(lost)).rejects.toMatchObject(unavailable);
    await vi.waitFor(() => expect(notified.map(({ message }) => message)).toEqual(['a', 'b']));
    const [next] = await journal.append([report({ message: 'c' })]);
    expect(notified.map(({ message }) => message)).toEqual(['a', 'b', 'c']);
    expect(next?.index).toBe((notified[1]?.index ?? 0) + 1);
    expect(await journal.append(lost.map((each) => ({ ...each, generatedId: false })))).toEqual(
      notified.slice(0, 2).map(({ index }) => ({ index, duplicate: true })),
    );
    await journal[Symbol.asyncDispose]();
  });

  test('a report that the database rejects is rejected alone, and nobody is notified of it', async () => {
    const { journal, notified } = await open();
    const reports = [
      report({ message: 'a' }),
      report({ message: 'b\0' }),
      report({ message: 'c' }),
    ];
    await expect(journal.append(reports)).rejects.toMatchObject({
      name: 'AppendError',
      outcomes: [{ duplicate: false }, { code: 'INVALID' }, { duplicate: false }],
    });
    expect(notified.map(({ message }) => message)).toEqual(['a', 'c']);
    await journal[Symbol.asyncDispose]();
  });

  test('an append of which one write fails says which reports are recorded', async () => {
    const { journal } = await open();
    faults = ['none', 'unwritten'];
    const error: unknown = await journal
      .append(Array.from({ length: 1_200 }, () => report()))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppendError);
    const { outcomes } = error as AppendError;
    expect(outcomes.slice(0, 1_000).every(isAppended)).toBe(true);
    expect(outcomes.slice(1_000)).toEqual(
      Array.from({ length: 200 }, () => ({
        code: 'UNAVAILABLE',
        message: 'The database is down.',
      })),
    );
    await journal[Symbol.asyncDispose]();
  });

  test.each(['unwritten', 'unanswered'] as const)(
    'a write that was prepared after one that failed is done once: %s',
    async (fault) => {
      const { journal, notified } = await open();
      faults = [fault];
      // Enough reports for a second write to begin while the first is under way.
      const appends = Array.from({ length: 8 }, (_, n) =>
        journal.append(Array.from({ length: 500 }, (_, m) => report({ message: `${n}/${m}` }))),
      );
      const outcomes = await Promise.allSettled(appends);
      const safe = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value : [],
      );
      expect(safe.length).toBeGreaterThan(0);
      expect(safe.length).toBeLessThan(4_000);
      await vi.waitFor(async () => expect(journal.position).toBe(await store.lastIndex()));
      const indexes = notified.map(({ index }) => index);
      expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
      expect(new Set(notified.map(({ id }) => id)).size).toBe(notified.length);
      expect(notified).toHaveLength(fault === 'unwritten' ? safe.length : safe.length + 1_000);
      for (const { index } of safe) expect(indexes).toContain(index);
      await journal[Symbol.asyncDispose]();
    },
  );

  test('while the log is down appends are rejected at once, and afterwards accepted again', async () => {
    const { journal, notified } = await open();
    down = true;
    await expect(journal.append([report()])).rejects.toMatchObject(unavailable);
    await vi.waitFor(() => expect(journal.healthReason()).toBe('The database is down.'));
    await expect(journal.append([report()])).rejects.toMatchObject(unavailable);
    down = false;
    await vi.waitFor(() => expect(journal.healthReason()).toBeNull());
    await journal.append([report({ message: 'again' })]);
    expect(notified.map(({ message }) => message)).toEqual(['again']);
    await journal[Symbol.asyncDispose]();
  });

  test('opens while the log is down, and closes', async () => {
    down = true;
    const { journal } = await open();
    expect(journal.healthReason()).toBe('The database is down.');
    await journal[Symbol.asyncDispose]();
  });

  test('notifies of the writes of another before it writes itself', async () => {
    const { journal, notified } = await open();
    const last = await store.lastIndex();
    await store.write([{ index: last + 1, report: report({ message: 'other' }) }], last);
    expect(await journal.append([report({ message: 'own' })])).toEqual([
      { index: last + 2, duplicate: false },
    ]);
    expect(notified.map(({ message }) => message)).toEqual(['other', 'own']);
    await journal[Symbol.asyncDispose]();
  });

  test('a bounded number of reports wait', async () => {
    const { journal } = await open({ maxWaitingReports: 10, maxWaitingBytes: 1_000_000 });
    const appends = Array.from({ length: 5 }, () => journal.append([report(), report()]));
    await expect(journal.append([report()])).rejects.toThrow('10 reports wait to be written');
    await Promise.all(appends);
    const large = report({ value: 'x'.repeat(600_000) });
    const first = journal.append([large]);
    await expect(journal.append([large])).rejects.toMatchObject(unavailable);
    await first;
    await journal.append([large]);
    await journal[Symbol.asyncDispose]();
  });
});
