import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { everything } from '../../src/event/filter.ts';
import { type ChangeTarget, Distributor, type PendingMember } from '../../src/live/distributor.ts';
import { FilterIndex } from '../../src/live/filter-index.ts';
import { Ring } from '../../src/live/ring.ts';
import { change } from './change.ts';

const changes = (...indexes: number[]): Event[] =>
  indexes.map((index) => change({ index, id: `id ${index}` }));

function open(turnChanges: number) {
  const taken: number[] = [];
  const index = new FilterIndex<ChangeTarget>();
  index.add(everything, {
    take: (event) => {
      taken.push(event.index);
      return 1;
    },
  });
  const ring = new Ring({ ringChanges: 100_000, ringBytes: 2 ** 30 });
  return { taken, distributor: new Distributor(ring, index, turnChanges) };
}

describe('the distributor', () => {
  test('distributes a change that comes alone at once', () => {
    const { taken, distributor } = open(128);
    distributor.follow(changes(7));
    expect(taken).toEqual([7]);
  });

  test('distributes a long batch in several turns, in order with later changes', async () => {
    const { taken, distributor } = open(2);
    distributor.follow(changes(1, 2, 3, 4, 5));
    expect(taken).toEqual([1, 2]);
    distributor.follow(changes(6));
    while (taken.length < 6) await nextTurn();
    expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
    expect(distributor.distributed).toBe(6);
  });

  test('keeps the journal waiting while more than 4,096 changes are queued', () => {
    const { taken, distributor } = open(2);
    distributor.follow(changes(...Array.from({ length: 10_000 }, (_, n) => n + 1)));
    expect(taken.length).toBeGreaterThanOrEqual(10_000 - 4_096);
  });

  test('admits a member exactly between its index and the next change', async () => {
    const { taken, distributor } = open(1);
    const live: string[] = [];
    const pending = (name: string, index: number): PendingMember => ({
      index,
      goLive: () => live.push(`${name} after ${taken.at(-1)}`),
    });
    distributor.follow(changes(10, 20, 30));
    distributor.admit(pending('past', 5), 5);
    distributor.admit(pending('between', 25), 5);
    distributor.admit(pending('at the end', 30), 5);
    distributor.admit(pending('ahead', 40), 30);
    const gone = pending('gone', 20);
    distributor.admit(gone, 5);
    distributor.withdraw(gone);
    expect(live).toEqual(['past after 10']);
    while (taken.length < 3) await nextTurn();
    distributor.follow(changes(50));
    while (taken.length < 4) await nextTurn();
    expect(live).toEqual([
      'past after 10',
      'between after 20',
      'at the end after 30',
      'ahead after 30',
    ]);
  });

  test('admits a member at the journal position while the queue is empty', () => {
    const { distributor } = open(1);
    const live: number[] = [];
    const pending = (index: number): PendingMember => ({ index, goLive: () => live.push(index) });
    distributor.admit(pending(30), 30);
    distributor.admit(pending(31), 30);
    expect(live).toEqual([30]);
    distributor.follow(changes(31, 32));
    distributor.admit(pending(32), 32);
    expect(live).toEqual([30, 31]);
  });

  test('distributes nothing after it was disposed', async () => {
    const { taken, distributor } = open(1);
    distributor.follow(changes(1, 2, 3));
    distributor[Symbol.dispose]();
    await nextTurn();
    await nextTurn();
    expect(taken).toEqual([1]);
  });
});
