import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { report } from '../report.ts';
import { indexesOf, NatsPlace, within } from './harness.ts';

let at: NatsPlace;
beforeEach(async () => {
  at = await NatsPlace.start();
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
    for (const { told } of gateways) {
      await vi.waitFor(() => expect(told).toHaveLength(120), within);
      expect(indexesOf(told)).toEqual(all.toSorted((a, b) => a - b));
    }
    expect(gateways[0]?.told).toEqual(gateways[1]?.told);
  });

  const id = randomUUID();
  const start = report({ id, category: 'Volume', action: 'Resize', time: 1e15, tags: ['a'] });
  const end = report({ id, time: 1e15 + 1, endTime: 1e15 + 9, severity: 'ERROR', tags: ['b'] });
  const whole = { category: 'Volume', time: 1e15, endTime: 1e15 + 9, severity: 'ERROR' };

  test.each([
    ['begins first', start, end],
    ['ends first', end, start],
  ])('complete an event of which each was told a part: it %s', async (_, first, second) => {
    const one = await at.follow();
    const two = await at.follow();
    await one.journal.append([first]);
    await two.journal.append([second]);
    for (const { told } of [one, two]) {
      await vi.waitFor(() => expect(told).toHaveLength(2), within);
      expect(told[1]).toMatchObject({ id, index: 2, ...whole });
      expect(told[1]?.tags.toSorted()).toEqual(['a', 'b']);
    }
    expect(one.told).toEqual(two.told);
  });

  test('complete an event whose first report is only in the stream, before they began', async () => {
    const one = await at.follow();
    await one.journal.append([{ ...start, generatedId: true }, report()]);
    const late = await at.follow();
    await one.journal.append([end]);
    await vi.waitFor(() => expect(late.told).toHaveLength(1), within);
    expect(late.told[0]).toMatchObject({ index: 3, ...whole });
  });

  test('complete an event whose first report is only in the store', async () => {
    const one = await at.follow();
    await one.journal.append([start]);
    at.store.storedIndex = 1;
    at.store.known.set(id, [{ index: 1, report: start }]);
    const late = await at.follow();
    await late.journal.append([end]);
    await vi.waitFor(() => expect(late.told).toHaveLength(1), within);
    expect(late.told[0]).toMatchObject({ index: 2, ...whole });
  });

  test('a store that is ahead of the stream does not change what was said so far', async () => {
    const one = await at.follow();
    at.store.known.set(id, [
      { index: 1, report: start },
      { index: 2, report: end },
    ]);
    await one.journal.append([start]);
    await one.journal.append([end]);
    await vi.waitFor(() => expect(one.told).toHaveLength(2), within);
    expect(one.told[0]).toMatchObject({ index: 1, endTime: null });
    expect(one.told[1]).toMatchObject({ index: 2, ...whole });
  });

  test.each([
    ['fails', () => Promise.reject(new Unavailable('away'))],
    ['does not answer', () => new Promise<never>(() => {})],
  ])('a store that %s holds nobody up', async (_, parts) => {
    at.store.parts = parts;
    const one = await at.follow();
    await one.journal.append([start]);
    await one.journal.append([end]);
    await vi.waitFor(() => expect(one.told).toHaveLength(2), within);
    expect(one.told[1]).toMatchObject(whole);
    expect(one.journal.incomplete).toBeGreaterThan(0);
  });
});
