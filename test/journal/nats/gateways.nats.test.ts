import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppendError } from '../../../src/journal/append-outcome.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { report } from '../report.ts';
import { indexesOf, NatsHarness, within } from './harness.ts';

let at: NatsHarness;
beforeEach(async () => {
  at = await NatsHarness.start();
});
afterEach(() => at[Symbol.asyncDispose]());

describe('several gateways on one stream', () => {
  test('see one order, and give every report the same index', async () => {
    const gateways = [await at.follow(), await at.follow(), await at.follow()];
    const appended = await Promise.all(
      gateways.flatMap(({ journal }) =>
        Array.from({ length: 20 }, () => journal.append([report(), report()])),
      ),
    );
    const all = appended.flat().map(({ index }) => index);
    expect(new Set(all).size).toBe(120);
    for (const { notified } of gateways) {
      await vi.waitFor(() => expect(notified).toHaveLength(120), within);
      expect(indexesOf(notified)).toEqual(all.toSorted((a, b) => a - b));
    }
    expect(gateways[0]?.notified).toEqual(gateways[1]?.notified);
  });

  const id = randomUUID();
  const start = report({ id, category: 'Volume', action: 'Resize', time: 1e15, tags: ['a'] });
  const end = report({ id, time: 1e15 + 1, endTime: 1e15 + 9, severity: 'ERROR', tags: ['b'] });
  const whole = { category: 'Volume', time: 1e15, endTime: 1e15 + 9, severity: 'ERROR' };

  test.each([
    ['begins first', start, end],
    ['ends first', end, start],
  ])('complete an event of which each reported a part: it %s', async (_, first, second) => {
    const one = await at.follow();
    const two = await at.follow();
    await one.journal.append([first]);
    await two.journal.append([second]);
    for (const { notified } of [one, two]) {
      await vi.waitFor(() => expect(notified).toHaveLength(2), within);
      expect(notified[1]).toMatchObject({ id, index: 2, ...whole });
      expect(notified[1]?.tags.toSorted()).toEqual(['a', 'b']);
    }
    expect(one.notified).toEqual(two.notified);
  });

  test('complete an event whose first report is only in the stream, before they began', async () => {
    const one = await at.follow();
    await one.journal.append([{ ...start, generatedId: true }, report()]);
    const late = await at.follow();
    await one.journal.append([end]);
    await vi.waitFor(() => expect(late.notified).toHaveLength(1), within);
    expect(late.notified[0]).toMatchObject({ index: 3, ...whole });
  });

  test('complete an event whose first report is only in the store', async () => {
    const one = await at.follow();
    await one.journal.append([start]);
    at.store.storedIndex = 1;
    at.store.known.set(id, [{ index: 1, report: start }]);
    const late = await at.follow();
    await late.journal.append([end]);
    await vi.waitFor(() => expect(late.notified).toHaveLength(1), within);
    expect(late.notified[0]).toMatchObject({ index: 2, ...whole });
  });

  test('a store that is ahead of the stream does not change earlier events', async () => {
    const one = await at.follow();
    at.store.known.set(id, [
      { index: 1, report: start },
      { index: 2, report: end },
    ]);
    await one.journal.append([start]);
    await one.journal.append([end]);
    await vi.waitFor(() => expect(one.notified).toHaveLength(2), within);
    expect(one.notified[0]).toMatchObject({ index: 1, endTime: null });
    expect(one.notified[1]).toMatchObject({ index: 2, ...whole });
  });

  const own = { ...start, namespace: 'a' };
  const foreign = { ...end, namespace: 'b' };

  test('a report of another namespace is in conflict in a gateway that only read the first one', async () => {
    const one = await at.follow();
    const two = await at.follow();
    await one.journal.append([own]);
    await vi.waitFor(() => expect(two.notified).toHaveLength(1), within);
    await expect(two.journal.append([foreign])).rejects.toMatchObject({
      outcomes: [{ code: 'CONFLICT' }],
    });
    expect(await one.journal.lastIndex()).toBe(1);
  });

  test('of two namespaces at once the lower index owns the id, for every gateway', async () => {
    const gateways = [await at.follow(), await at.follow()] as const;
    const ids = Array.from({ length: 50 }, () => randomUUID());
    const by = (namespace: string) => ids.map((each) => report({ id: each, namespace }));
    await Promise.allSettled([
      gateways[0].journal.append(by('a')),
      gateways[1].journal.append(by('b').reverse()),
    ]);
    await gateways[0].journal.append([report({ message: 'last' })]);
    for (const { notified } of gateways) {
      await vi.waitFor(() => expect(notified.at(-1)?.message).toBe('last'), within);
      expect(notified).toHaveLength(51);
    }
    expect(gateways[0].notified).toEqual(gateways[1].notified);
  });

  test.each([
    ['the stream, before it began', 0],
    ['the store', 1],
  ])('a gateway sets aside a report whose first one is only in %s', async (_, storedIndex) => {
    const one = await at.follow();
    await one.journal.append([own]);
    at.store.storedIndex = storedIndex;
    if (storedIndex === 1) at.store.known.set(id, [{ index: 1, report: own }]);
    const late = await at.follow();
    const late2 = await at.follow();
    // Recorded, whether the gateway has found out whose the id is by the time it answers or not.
    await late.journal.append([foreign]).catch(({ outcomes }: AppendError) => {
      expect(outcomes).toMatchObject([{ code: 'CONFLICT' }]);
    });
    expect(await late.journal.lastIndex()).toBe(2);
    await late.journal.append([{ ...end, namespace: 'a' }]);
    for (const { notified } of [late, late2]) {
      await vi.waitFor(() => expect(notified).toHaveLength(1), within);
      expect(notified[0]).toMatchObject({ index: 3, namespace: 'a', ...whole });
    }
    // By now every gateway knows whose it is.
    for (const { journal } of [one, late, late2]) {
      await expect(journal.append([foreign])).rejects.toMatchObject({
        outcomes: [{ code: 'CONFLICT' }],
      });
    }
  });

  test('a store that is ahead of the stream decides who owns the id', async () => {
    at.store.known.set(id, [
      { index: 1, report: own },
      { index: 3, report: { ...end, namespace: 'a' } },
    ]);
    const one = await at.follow();
    for (const each of [own, foreign, { ...end, namespace: 'a' }]) {
      await one.journal.append([each]).catch(() => {});
    }
    await one.journal.append([report({ message: 'last' })]);
    await vi.waitFor(() => expect(one.notified.at(-1)?.message).toBe('last'), within);
    expect(one.notified.slice(0, -1).map(({ namespace }) => namespace)).toEqual(['a', 'a']);
    expect(one.notified[1]).toMatchObject(whole);
  });

  test('a report that was taken for the first while the store was down is left out once it answers', async () => {
    const { reports } = at.store;
    at.store.known.set(id, [{ index: 1, report: own }]);
    const one = await at.follow();
    await one.journal.append([report()]);
    at.store.storedIndex = 1;
    at.store.reports = () => Promise.reject(new Unavailable('The database is down.'));
    await one.journal.append([foreign]);
    await vi.waitFor(() => expect(one.notified).toHaveLength(2), within);
    expect(one.notified[1]).toMatchObject({ namespace: 'b' });
    at.store.reports = reports;
    await setTimeout(1_100);
    await one.journal.append([{ ...end, namespace: 'a' }]);
    await vi.waitFor(() => expect(one.notified).toHaveLength(3), within);
    expect(one.notified[2]).toMatchObject({ index: 3, namespace: 'a', ...whole });
    expect(one.notified[2]?.tags).toEqual(['a', 'b']);
  });

  test('an event that retention has deleted owns its id no longer, in whichever gateway remembers it', async () => {
    const [one, two] = [await at.follow(), await at.follow()];
    await one.journal.append([own]);
    await vi.waitFor(() => expect(two.notified).toHaveLength(1), within);
    at.store.storedIndex = 1;
    const late = await at.follow();
    await one.journal.append([foreign]);
    await one.journal.append([{ ...end, namespace: 'a' }]).catch(() => {});
    await one.journal.append([report({ message: 'last' })]);
    for (const { notified } of [one, two, late]) {
      await vi.waitFor(() => expect(notified.at(-1)?.message).toBe('last'), within);
      expect(notified.at(-2)).toMatchObject({ index: 2, namespace: 'b', category: 'event' });
    }
  });

  test.each([
    ['fails', () => Promise.reject(new Unavailable('down'))],
    ['does not answer', () => new Promise<never>(() => {})],
  ])('a store that %s delays nobody', async (_, reports) => {
    at.store.reports = reports;
    const one = await at.follow();
    await one.journal.append([start]);
    await one.journal.append([end]);
    await vi.waitFor(() => expect(one.notified).toHaveLength(2), within);
    expect(one.notified[1]).toMatchObject(whole);
    expect(one.journal.incomplete).toBeGreaterThan(0);
  });
});
