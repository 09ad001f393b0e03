import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { weightOf } from '../../src/event/report-weight.ts';
import { Ring } from '../../src/live/ring.ts';
import { change } from './change.ts';

const limits = { ringChanges: 10, ringBytes: 2 ** 30 };
const wide = { maxEvents: 1_000, maxBytes: 2 ** 30 };
const all = () => true;
const at = (index: number, id = `id ${index}`): Event => change({ index, id });
const indexes = (events: readonly Event[]) => events.map(({ index }) => index);

describe('the ring', () => {
  test('covers nothing before the first change, and then every later one', () => {
    const ring = new Ring(limits);
    expect(ring.covers(0)).toBe(false);
    expect(ring.tip).toBeNull();
    ring.append([at(5)]);
    expect([ring.covers(3), ring.covers(4), ring.covers(9)]).toEqual([false, true, true]);
    expect(ring.tip).toBe(5);
  });

  test('evicts the oldest change beyond ringChanges, and covers only the others', () => {
    const ring = new Ring(limits);
    for (let index = 1; index <= 25; index++) ring.append([at(index)]);
    expect(ring.size).toBe(10);
    expect([ring.covers(14), ring.covers(15)]).toEqual([false, true]);
    expect(indexes(ring.read(15, all, wide, true).events)).toEqual([
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    ]);
  });

  test('evicts the oldest change beyond ringBytes, but never the latest', () => {
    const heavy = (index: number) => change({ index, id: `${index}`, message: 'x'.repeat(1_000) });
    const ring = new Ring({ ringChanges: 100, ringBytes: 3 * weightOf(heavy(1)) });
    for (let index = 1; index <= 10; index++) ring.append([heavy(index)]);
    expect(ring.size).toBe(3);
    ring.append([change({ index: 11, id: '11', raw: ['y'.repeat(100_000)] })]);
    expect(ring.size).toBe(1);
  });

  test('reads matching events up to a number or a size, and the index that was reached', () => {
    const ring = new Ring(limits);
    ring.append([1, 2, 3, 4, 5, 6].map((index) => at(index)));
    const even = ({ index }: Event) => index % 2 === 0;
    expect(ring.read(0, even, { ...wide, maxEvents: 2 }, true)).toMatchObject({
      events: [{ index: 2 }, { index: 4 }],
      index: 5,
    });
    expect(ring.read(4, even, wide, true)).toMatchObject({ events: [{ index: 6 }], index: 6 });
    expect(ring.read(6, even, wide, true)).toEqual({ events: [], index: 6 });
    expect(ring.read(9, even, wide, true)).toEqual({ events: [], index: 9 });
    // A single event may be larger than the limit.
    expect(indexes(ring.read(0, all, { ...wide, maxBytes: 1 }, true).events)).toEqual([1]);
  });

  test('gives a follower that resumes the latest change of each event, and a connected one every change', () => {
    const ring = new Ring(limits);
    ring.append([at(1, 'a'), at(2, 'b'), at(3, 'a')]);
    expect(indexes(ring.read(0, all, wide, false).events)).toEqual([2, 3]);
    expect(indexes(ring.read(0, all, wide, true).events)).toEqual([1, 2, 3]);
    expect(ring.supersedes(at(1, 'a'))).toBe(true);
    expect(ring.supersedes(at(3, 'a'))).toBe(false);
    expect(ring.supersedes(at(4, 'a'))).toBe(false);
  });

  test('prepends older events, without those that have changed since', () => {
    const ring = new Ring(limits);
    ring.append([at(10, 'a'), at(11, 'b')]);
    ring.prepend([at(4, 'c'), at(6, 'a'), at(8, 'd'), at(9, 'e')], 3, 8);
    expect(indexes(ring.read(3, all, wide, false).events)).toEqual([4, 8, 10, 11]);
    expect([ring.covers(2), ring.covers(3)]).toEqual([false, true]);
  });

  test('prepends only as many events as it has room for', () => {
    const ring = new Ring({ ...limits, ringChanges: 3 });
    ring.append([at(10)]);
    ring.prepend([at(4), at(6), at(8)], 3, 9);
    expect(indexes(ring.read(4, all, wide, false).events)).toEqual([6, 8, 10]);
    expect([ring.covers(3), ring.covers(4)]).toEqual([false, true]);
  });

  test('prepends nothing once a change was evicted', () => {
    const ring = new Ring({ ...limits, ringChanges: 2 });
    ring.append([at(10), at(11), at(12)]);
    ring.prepend([at(8)], 7, 9);
    expect([ring.covers(9), ring.covers(10)]).toEqual([false, true]);
  });

  test('gives the same as a list, whatever is added and read', () => {
    const steps = fc.array(fc.array(fc.nat(5), { maxLength: 6 }), { maxLength: 20 });
    fc.assert(
      fc.property(steps, fc.nat(60), fc.nat(60), (added, after, maxEvents) => {
        const ring = new Ring({ ...limits, ringChanges: 7 });
        const list: Event[] = [];
        for (const ids of added) {
          const events = ids.map((id, n) => at(list.length + n + 1, `id ${id}`));
          list.push(...events);
          ring.append(events);
        }
        const expected = list.filter(({ index }) => index > after);
        if (!ring.covers(after)) {
          expect(expected.length > 7 || list.length === 0).toBe(true);
          return;
        }
        const { events, index } = ring.read(after, all, { ...wide, maxEvents }, true);
        expect(events).toEqual(expected.slice(0, maxEvents));
        expect(index).toBe(events.at(-1)?.index ?? after);
      }),
    );
  });
});
