import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import type { Appended, Journal } from '../../src/journal/journal.ts';
import { report } from './report.ts';

/** An empty log of the suite's own, and a way to open it, again after the journal over it was closed. */
export interface JournalHarness extends AsyncDisposable {
  open(): Promise<Journal>;
}

/** The changes that a follower was notified of. */
function follow(journal: Journal): { events: Event[]; batches: number[]; end: () => void } {
  const events: Event[] = [];
  const batches: number[] = [];
  const end = journal.follow((changes) => {
    events.push(...changes);
    batches.push(changes.length);
  });
  return { events, batches, end };
}

const indexes = (appended: readonly { readonly index: number }[]) =>
  appended.map(({ index }) => index);
const increasing = (list: readonly number[]) =>
  list.every((index, n) => n === 0 || index > (list[n - 1] as number));
const messages = (events: readonly Event[]) => events.map(({ message }) => message);

/** The promises of journal.ts, for any journal. */
export function journalContract(name: string, harness: () => Promise<JournalHarness>): void {
  describe(`${name} keeps the promises of a journal`, () => {
    let at: JournalHarness;
    let journal: Journal;

    beforeAll(async () => {
      at = await harness();
    });
    afterAll(async () => {
      await at[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      journal = await at.open();
    });
    afterEach(async () => {
      await journal[Symbol.asyncDispose]();
    });

    async function restart(): Promise<void> {
      await journal[Symbol.asyncDispose]();
      journal = await at.open();
    }

    test('an empty one has no last index and is healthy', async () => {
      expect(await journal.lastIndex()).toBe(0);
      expect(journal.position).toBe(0);
      await vi.waitFor(() => expect(journal.healthReason()).toBeNull());
    });

    test('keeps its id over a restart', async () => {
      await vi.waitFor(() => expect(journal.healthReason()).toBeNull());
      const { id } = journal;
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      await restart();
      await vi.waitFor(() => expect(journal.healthReason()).toBeNull());
      expect(journal.id).toBe(id);
    });

    test('an empty append has an empty answer', async () => {
      expect(await journal.append([])).toEqual([]);
    });

    test('gives reports strictly increasing indexes in the order given', async () => {
      const first = await journal.append([report(), report(), report()]);
      const second = await journal.append([report()]);
      const given = indexes([...first, ...second]);
      expect(given).toHaveLength(4);
      expect(given[0]).toBeGreaterThan(0);
      expect(increasing(given)).toBe(true);
      expect([...first, ...second].every(({ duplicate }) => !duplicate)).toBe(true);
      expect(await journal.lastIndex()).toBe(given.at(-1));
    });

    test('notifies followers of every change once, in order, as it was reported', async () => {
      const notified = follow(journal);
      const reports = Array.from({ length: 50 }, (_, n) =>
        report({
          message: `m${n}`,
          namespace: 'space',
          category: 'Volume',
          action: 'Create',
          severity: 'ERROR',
          key: 'k',
          filterKeys: ['f'],
          tags: ['a', 'b'],
          source: { ...report().source, service: 's', plane: 'DATA_PLANE' },
          traits: [
            { name: 't', type: 'TEXT', value: 'v' },
            { name: 'i', type: 'INT', value: n },
            { name: 'f', type: 'FLOAT', value: 0.5 },
            { name: 'd', type: 'DATETIME', value: 1_700_000_000_000_001 },
          ],
          value: { n, list: [null, true, 'é\u{1f600}'] },
          time: 1_600_000_000_123_456,
          endTime: 1_600_000_001_000_000,
          raw: ['as it came'],
        }),
      );
      const appended = await journal.append(reports);
      await vi.waitFor(() => expect(notified.events).toHaveLength(50));
      expect(notified.events).toEqual(
        reports.map(({ generatedId: _, ...said }, n) => ({
          ...said,
          type: 'Volume.Create',
          index: appended[n]?.index,
        })),
      );
      expect(journal.position).toBe(appended.at(-1)?.index);
    });

    test('notifies a follower only of changes after it began and before it ended', async () => {
      await journal.append([report({ message: 'before' })]);
      await vi.waitFor(async () => expect(journal.position).toBe(await journal.lastIndex()));
      const notified = follow(journal);
      const witness = follow(journal);
      await journal.append([report({ message: 'during' })]);
      await vi.waitFor(() => expect(witness.events).toHaveLength(1));
      notified.end();
      await journal.append([report({ message: 'after' })]);
      await vi.waitFor(() => expect(witness.events).toHaveLength(2));
      expect(messages(notified.events)).toEqual(['during']);
    });

    test('concurrent appends keep each caller’s order and share no index', async () => {
      const notified = follow(journal);
      const callers = Array.from({ length: 20 }, (_, caller) =>
        Array.from({ length: 5 }, (_, turn) =>
          Array.from({ length: 1 + ((caller + turn) % 4) }, (_, n) =>
            report({ message: `${caller}/${turn}/${n}` }),
          ),
        ),
      );
      const appendedByCaller = await Promise.all(
        callers.map(async (turns) => {
          const appended: Appended[] = [];
          for (const reports of turns) appended.push(...(await journal.append(reports)));
          return appended;
        }),
      );
      for (const each of appendedByCaller) expect(increasing(indexes(each))).toBe(true);
      const all = indexes(appendedByCaller.flat());
      expect(new Set(all).size).toBe(all.length);

      await vi.waitFor(() => expect(notified.events).toHaveLength(all.length));
      expect(indexes(notified.events)).toEqual(all.toSorted((a, b) => a - b));
      const indexOfMessage = new Map(notified.events.map(({ message, index }) => [message, index]));
      const said = callers.map((turns) =>
        turns.flat().map(({ message }) => indexOfMessage.get(message)),
      );
      expect(said).toEqual(appendedByCaller.map(indexes));
    });

    describe('reports of one id', () => {
      const id = () => randomUUID();
      const start = (of: string) =>
        report({ id: of, category: 'Service', action: 'Upgrade', message: 'begins', time: 1e15 });
      const end = (of: string) =>
        report({
          id: of,
          message: 'done',
          severity: 'ERROR',
          time: 1e15 + 5e6,
          endTime: 1e15 + 9e6,
        });
      const whole = {
        category: 'Service',
        action: 'Upgrade',
        message: 'done',
        severity: 'ERROR',
        time: 1e15,
        endTime: 1e15 + 9e6,
      };

      test.each([
        ['in order', start, end],
        ['reversed', end, start],
      ])('followers see the completed event: %s', async (_, first, second) => {
        const notified = follow(journal);
        const event = id();
        const [one] = await journal.append([first(event)]);
        const [two] = await journal.append([second(event)]);
        await vi.waitFor(() => expect(notified.events).toHaveLength(2));
        expect(notified.events[0]).toMatchObject({ id: event, index: one?.index });
        expect(notified.events[1]).toMatchObject({ id: event, index: two?.index, ...whole });
        expect(two?.index).toBeGreaterThan(one?.index as number);
      });

      test('both in one append', async () => {
        const notified = follow(journal);
        const event = id();
        const appended = await journal.append([end(event), report(), start(event)]);
        await vi.waitFor(() => expect(notified.events).toHaveLength(3));
        expect(indexes(notified.events)).toEqual(indexes(appended));
        expect(notified.events[2]).toMatchObject({ id: event, ...whole });
      });

      test('a repeat is a duplicate: it has the index of the first one and nobody is notified', async () => {
        const notified = follow(journal);
        const event = id();
        const [first] = await journal.append([start(event)]);
        const again = { ...start(event), recordedAt: 1e15 + 1 };
        const repeated = await journal.append([again, report({ message: 'other' }), again]);
        expect(repeated.map(({ duplicate }) => duplicate)).toEqual([true, false, true]);
        expect(repeated[0]?.index).toBe(first?.index);
        const [last] = await journal.append([report({ message: 'last' })]);
        await vi.waitFor(() => expect(notified.events.at(-1)?.index).toBe(last?.index));
        expect(messages(notified.events)).toEqual(['begins', 'other', 'last']);
      });

      describe.each([
        ['a', 'b'],
        ['a', 'default'],
        ['default', 'b'],
      ])('of the namespaces %s and %s', (owner, other) => {
        test('the second is in conflict, nobody is notified, and the event stays its owner’s', async () => {
          const notified = follow(journal);
          const event = id();
          await journal.append([{ ...start(event), namespace: owner }]);
          await vi.waitFor(() => expect(notified.events).toHaveLength(1));
          const foreign = { ...end(event), namespace: other };
          const appended = journal.append([foreign, report({ message: 'other' }), foreign]);
          await expect(appended).rejects.toMatchObject({
            name: 'AppendError',
            outcomes: [{ code: 'CONFLICT' }, { duplicate: false }, { code: 'CONFLICT' }],
          });
          const [last] = await journal.append([{ ...end(event), namespace: owner }]);
          await vi.waitFor(() => expect(notified.events.at(-1)?.index).toBe(last?.index));
          expect(messages(notified.events)).toEqual(['begins', 'other', 'done']);
          expect(notified.events[2]).toMatchObject({ id: event, namespace: owner, ...whole });
          const [again] = await journal.append([{ ...start(event), namespace: owner }]);
          expect(again?.duplicate).toBe(true);
        });

        test('the second changes nothing after a restart either, and the position passes it', async () => {
          const event = id();
          await journal.append([{ ...start(event), namespace: owner }]);
          await restart();
          const notified = follow(journal);
          await vi.waitFor(() => expect(journal.healthReason()).toBeNull());
          // Whether it is answered here depends on what this gateway knows by now.
          await journal.append([{ ...end(event), namespace: other }]).catch((error: unknown) => {
            expect(error).toMatchObject({ outcomes: [{ code: 'CONFLICT' }] });
          });
          await journal.append([{ ...end(event), namespace: owner }]);
          await vi.waitFor(async () => expect(journal.position).toBe(await journal.lastIndex()));
          expect(notified.events).toHaveLength(1);
          expect(notified.events[0]).toMatchObject({ id: event, namespace: owner, ...whole });
        });
      });

      test('concurrent reports of one event make the same event for everyone', async () => {
        const notified = follow(journal);
        const event = id();
        const reports = Array.from({ length: 12 }, (_, n) =>
          report({ id: event, message: `m${n}`, time: 1e15 + n, tags: [`t${n}`] }),
        );
        await Promise.all(reports.map((each) => journal.append([each])));
        await vi.waitFor(() => expect(notified.events).toHaveLength(12));
        expect(notified.events.at(-1)).toMatchObject({ message: 'm11', time: 1e15 });
        expect(notified.events.at(-1)?.tags.toSorted()).toEqual(
          reports.flatMap(({ tags }) => tags).toSorted(),
        );
      });
    });

    test('numbering goes on after a restart, and a repeat is still known', async () => {
      const known = report({ id: randomUUID(), message: 'known' });
      const [before] = await journal.append([known]);
      await restart();
      expect(await journal.lastIndex()).toBe(before?.index);
      const notified = follow(journal);
      const [again, after] = await journal.append([known, report({ message: 'after' })]);
      expect(again).toEqual({ index: before?.index, duplicate: true });
      expect(after?.index).toBeGreaterThan(before?.index as number);
      await vi.waitFor(() => expect(notified.events).toHaveLength(1));
      expect(messages(notified.events)).toEqual(['after']);
    });

    test('reports that were accepted before it closed are not lost', async () => {
      const appends = Array.from({ length: 40 }, () => journal.append([report(), report()]));
      await journal[Symbol.asyncDispose]();
      const outcomes = await Promise.allSettled(appends);
      const safe = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? indexes(outcome.value) : [],
      );
      expect(safe.length).toBeGreaterThan(0);
      journal = await at.open();
      expect(await journal.lastIndex()).toBeGreaterThanOrEqual(Math.max(...safe));
    });

    test('closing twice is allowed', async () => {
      await journal[Symbol.asyncDispose]();
      await journal[Symbol.asyncDispose]();
    });

    test('rejects appends once it is closed', async () => {
      await journal[Symbol.asyncDispose]();
      await expect(journal.append([report()])).rejects.toMatchObject({ name: 'Unavailable' });
    });
  });
}
