import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { IndexedReport } from '../../../src/event/completion.ts';
import { everything } from '../../../src/event/filter.ts';
import type { Written } from '../../../src/journal/event-log.ts';
import type { OpenStore } from '../../../src/store/open.ts';
import { reports } from '../../event/arbitraries.ts';
import { type PlainOutcome, plainEvents, plainOutcomes } from '../../event/plain-completion.ts';
import { report } from '../../journal/report.ts';
import { empty, put, putEvents } from '../harness.ts';

/** Writing to the store, for any database. */
export function writeContract(storeOf: () => OpenStore): void {
  let store: OpenStore;
  beforeAll(() => {
    store = storeOf();
  });

  const partsBehind = (last: number, count: number): IndexedReport[] =>
    Array.from({ length: count }, (_, n) => ({ index: last + 1 + n, report: report() }));

  describe('completion', () => {
    test('reports of a few ids and namespaces, however they come in batches, make the events of a plain fold', async () => {
      const ids = fc.constantFrom(...Array.from({ length: 4 }, () => randomUUID()));
      const namespaces = fc.constantFrom('default', 'a', 'b');
      const batches = fc.array(
        fc.array(
          fc
            .tuple(reports, ids, namespaces)
            .map(([said, id, namespace]) => ({ ...said, id, namespace, generatedId: false })),
          { minLength: 1, maxLength: 5 },
        ),
        { minLength: 1, maxLength: 5 },
      );
      await fc.assert(
        fc.asyncProperty(batches, async (list) => {
          await empty(store);
          const journal: IndexedReport[] = [];
          for (const batch of list) {
            const last = await store.lastIndex();
            journal.push(...batch.map((said, n) => ({ index: last + 1 + n, report: said })));
            const expected = plainOutcomes(journal).slice(-batch.length);
            const written = await put(store, batch);
            expect(written.map(outcomeOf)).toEqual(expected);
          }
          const { events } = await store.page({
            filter: everything,
            order: 'INDEX_ASC',
            limit: 10,
          });
          expect(events).toEqual(plainEvents(journal));
        }),
        { numRuns: 25 },
      );
    });

    test('a report of another namespace takes an index and changes nothing, first or last in its batch', async () => {
      const id = randomUUID();
      const own = report({ id, namespace: 'a', message: 'own' });
      const foreign = report({ id, namespace: 'b', message: 'foreign', time: 1.8e15 });
      const [first] = await put(store, [own, foreign]);
      const before = await store.event(id);
      expect(before).toEqual(first?.event);
      const last = await store.lastIndex();
      const unnamed = report({ id, message: 'unnamed', endTime: 1.9e15 });
      const written = await put(store, [unnamed, report(), foreign]);
      expect(written.map(({ conflict }) => conflict)).toEqual([true, undefined, true]);
      expect(await store.lastIndex()).toBe(last + 3);
      expect(await store.event(id)).toEqual(before);
      expect((await store.reports([id])).get(id)).toHaveLength(1);
      expect((await store.after(last, 10)).map(({ index }) => index)).toEqual([last + 2]);
    });

    test('the id of an event that has expired belongs to the next one that reports it', async () => {
      const id = randomUUID();
      await put(store, [report({ id, namespace: 'a', message: 'old' })]);
      await empty(store);
      await put(store, [
        report({ id, namespace: 'b', message: 'new' }),
        report({ id, namespace: 'a', message: 'late' }),
      ]);
      expect(await store.event(id)).toMatchObject({ namespace: 'b', message: 'new' });
    });

    test('distinguishes every report of an event', async () => {
      const id = randomUUID();
      const [start, end] = [
        report({ id, message: 'a' }),
        report({ id, message: 'b', time: 1.8e15 }),
      ];
      const [first] = await putEvents(store, [start]);
      const [second] = await putEvents(store, [end]);
      expect(await store.reports([id, randomUUID()])).toEqual(
        new Map([
          [
            id,
            [
              { index: first?.index, report: start },
              { index: second?.index, report: end },
            ],
          ],
        ]),
      );
      expect(await store.reports([])).toEqual(new Map());
    });
  });

  describe('one writer at a time', () => {
    test('a write that does not begin at the stored index is not done', async () => {
      const last = await store.lastIndex();
      expect(await store.write(partsBehind(last, 2), last)).toHaveLength(2);
      const late = partsBehind(last, 1);
      expect(await store.write(late, last)).toBeNull();
      expect(await store.event(late[0]?.report.id as string)).toBeNull();
      expect(await store.lastIndex()).toBe(last + 2);
      expect(store.storedIndex).toBe(last + 2);
    });

    test('of two writes at once, one is done', async () => {
      const last = await store.lastIndex();
      const both = await Promise.all([
        store.write(partsBehind(last, 1), last),
        store.write(partsBehind(last, 1), last),
      ]);
      expect(both.filter((written) => written === null)).toHaveLength(1);
      expect(await store.lastIndex()).toBe(last + 1);
    });

    test('a wait for an index ends once it is stored', async () => {
      const last = await store.lastIndex();
      const waited = store.untilStored(last + 2, 20_000);
      await store.write(partsBehind(last, 2), last);
      expect(await waited).toBe(true);
      expect(await store.untilStored(last + 3, 1)).toBe(false);
    });
  });

  describe('filling by lease', () => {
    test('the lease belongs to one holder until it is released', async () => {
      expect((await store.lease('a', 60_000)).held).toBe(true);
      expect((await store.lease('b', 60_000)).held).toBe(false);
      expect((await store.lease('a', 60_000)).held).toBe(true);
      expect((await store.lease('b', 0)).held).toBe(false);
      expect((await store.lease('b', 60_000)).held).toBe(false);
      expect((await store.lease('a', 0)).held).toBe(false);
      expect((await store.lease('b', 60_000)).held).toBe(true);
      await store.lease('b', 0);
    });

    test('a lease runs out by itself', async () => {
      await store.lease('a', 30);
      await vi.waitFor(async () => expect((await store.lease('b', 60_000)).held).toBe(true));
      await store.lease('b', 0);
    });

    test('only the holder fills, and only from the stored index on', async () => {
      const { storedIndex } = await store.lease('a', 60_000);
      const to = storedIndex + 10;
      const parts = partsBehind(storedIndex, 3);
      expect(await store.fill(parts, storedIndex, to, 'b')).toBeNull();
      expect(await store.fill(parts, storedIndex - 1, to, 'a')).toBeNull();
      expect(await store.fill(parts, storedIndex, to, 'a')).toHaveLength(3);
      expect(await store.fill(parts, storedIndex, to, 'a')).toBeNull();
      expect(await store.fill([], to, to + 5, 'a')).toEqual([]);
      expect(await store.lease('a', 0)).toEqual({ held: false, storedIndex: to + 5 });
      expect(await store.fill([], to + 5, to + 6, 'a')).toBeNull();
    });

    test('a report that was acknowledged and is in conflict is counted; one whose reporter is answered is not', async () => {
      const id = randomUUID();
      const [own, foreign] = [report({ id, namespace: 'a' }), report({ id, namespace: 'b' })];
      await put(store, [own, foreign]);
      const before = store.conflicting;
      const { storedIndex } = await store.lease('a', 60_000);
      const to = storedIndex + 2;
      const given = [foreign, report()].map((each, n) => ({
        index: storedIndex + 1 + n,
        report: each,
      }));
      const written = await store.fill(given, storedIndex, to, 'a');
      expect(written?.map(({ conflict }) => conflict)).toEqual([true, undefined]);
      await store.lease('a', 0);
      expect(store.conflicting).toBe(before + 1);
      expect(store.storedIndex).toBe(to);
    });

    test('the journal keeps the id that was proposed first', async () => {
      const id = await store.journalId(randomUUID());
      expect(await store.journalId(randomUUID())).toBe(id);
    });

    test('a stream keeps its base, and a new one begins above every known index', async () => {
      const [first, second] = [randomUUID(), randomUUID()];
      const base = await store.streamBase(first);
      expect(base).toBeGreaterThanOrEqual(await store.lastIndex());
      const both = await Promise.all([
        store.streamBase(second, base + 50),
        store.streamBase(second),
      ]);
      expect(both[0]).toBe(both[1]);
      expect(await store.streamBase(first, base + 900)).toBe(base);
      expect(await store.streamBase(randomUUID())).toBeGreaterThanOrEqual(base);
    });
  });

  test('a report that the database rejects is set aside, and delays no others', async () => {
    const rejectedBefore = store.refused;
    const bad = [report({ message: 'a\0b' }), report({ value: { a: ['\0'] } })];
    const good = Array.from({ length: 9 }, (_, n) => report({ message: `good ${n}` }));
    const all = [...good.slice(0, 4), bad[0], ...good.slice(4, 8), bad[1], good[8]];
    const written = await put(store, all as typeof good);
    expect(written.every(({ changed }) => changed)).toBe(true);
    expect(store.refused).toBe(rejectedBefore + 2);
    for (const { id, message } of good) expect((await store.event(id))?.message).toBe(message);
    for (const { id } of bad) expect(await store.event(id)).toBeNull();
    expect(await store.lastIndex()).toBe(written.at(-1)?.event.index);
  });

  test('names of the maximum length are kept, though an index cannot hold them together', async () => {
    const name = () => Array.from({ length: 256 }, astral).join('');
    const [category, action] = [name(), name()];
    const traits = [{ name: name(), type: 'INT', value: 1 }] as const;
    const rejectedBefore = store.refused;
    const [first] = await put(store, [report({ category, action, tags: [name()], traits })]);
    expect(store.refused).toBe(rejectedBefore);
    expect(await store.event(first?.event.id as string)).toMatchObject({ category, traits });
    expect(await store.types([category])).toEqual([{ category, action }]);
    expect(await store.traitDescriptors([`${category}.${action}`])).toEqual([]);
  });

  test('every digit of an integer is kept, in the parts of a completed event as well', async () => {
    const value = { a: 750727362669608961n, b: [-(2n ** 64n)], c: 1.5, d: 1e300 };
    const raw = { value, e: 123456789012345678901234567890n };
    const id = randomUUID();
    await put(store, [report({ id, value, raw })]);
    expect(await store.event(id)).toMatchObject({ value, raw });
    await put(store, [report({ id, message: 'later' })]);
    expect(await store.event(id)).toMatchObject({ value, raw, message: 'later' });
    const parts = (await store.reports([id])).get(id);
    expect(parts?.[0]?.report).toMatchObject({ value, raw });
  });

  test('raw messages are kept byte for byte', async () => {
    const raw = { z: 1, a: ['\0', '\ud800', '\\u0000'], m: { y: 1e300, b: -0.1 } };
    const [first] = await put(store, [report({ raw })]);
    const stored = await store.event(first?.event.id as string);
    expect(JSON.stringify(stored?.raw)).toBe(JSON.stringify(raw));
  });

  describe('expiry', () => {
    const hour = 3_600_000_000;
    const recorded = (hours: number) => report({ recordedAt: 1.7e15 + hours * hour });

    test('deletes events that were recorded before, and reports the first index that a feed can resume at', async () => {
      await empty(store);
      const written = await put(store, [0, 1, 2, 3, 4].map(recorded));
      const [, second, third] = written.map(({ event }) => event.index);
      expect(await store.expire(1.7e15 + 2 * hour)).toBe(2);
      expect(await store.firstIndex()).toBe(second);
      expect((await store.after(0, 10)).map(({ index }) => index)).toContain(third);
      expect(await store.count(everything)).toBe(3);
      expect(await store.expire(1.7e15 + 2 * hour)).toBe(0);
    });

    test('keeps everything after the first event that has to stay', async () => {
      await empty(store);
      await put(store, [0, 5, 1].map(recorded));
      expect(await store.expire(1.7e15 + 2 * hour)).toBe(1);
      expect(await store.count(everything)).toBe(2);
    });

    test('indexes go on when everything has expired', async () => {
      const last = await store.lastIndex();
      await empty(store);
      expect(await store.lastIndex()).toBe(last);
      expect(await store.firstIndex()).toBe(last);
      const [next] = await put(store, [report()]);
      expect(next?.event.index).toBe(last + 1);
    });

    test('a large backlog is deleted in several steps', async () => {
      await empty(store);
      for (let n = 0; n < 5; n++)
        await put(
          store,
          Array.from({ length: 900 }, () => recorded(n)),
        );
      expect(await store.expire(1.7e15 + 4 * hour)).toBe(3_600);
      expect(await store.count(everything)).toBe(900);
    });
  });
}

function outcomeOf({ event, changed, conflict }: Written): PlainOutcome {
  if (conflict) return { event, outcome: 'CONFLICT' };
  return { event, outcome: changed ? 'CHANGED' : 'DUPLICATE' };
}

/** A character of four bytes in UTF-8, at random: names of one character would be compressed. */
const astral = (): string => String.fromCodePoint(0x1_0000 + Math.floor(Math.random() * 0xf000));
