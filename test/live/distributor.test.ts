import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { everything } from '../../src/event/filter.ts';
import { Distributor, type PendingMember, type Target } from '../../src/live/distributor.ts';
import { FilterIndex } from '../../src/live/filter-index.ts';
import { Ring } from '../../src/live/ring.ts';
import { change } from './change.ts';

const changes = (...indexes: number[]): Event[] =>
  indexes.map((index) => change({ index, id: `id ${index}` }));

function open(turnChanges: number) {
  const taken: number[] = [];
  const index = new FilterIndex<Target>();
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
  test('hands out what comes alone at once', () => {
    const { taken, distributor } = open(128);
    distributor.follow(changes(7));
    expect(taken).toEqual([7]);
  });

  test('hands out a long batch over several turns, in order with what comes in between', async () => {
    const { taken, distributor } = open(2);
    distributor.follow(changes(1, 2, 3, 4, 5));
    expect(taken).toEqual([1, 2]);
    distributor.follow(changes(6));
    while (taken.length < 6) await nextTurn();
    expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
    expect(distributor.distributed).toBe(6);
  });

  test('makes the journal wait when too much is due', () => {
    const { taken, distributor } = open(2);
    distributor.follow(changes(...Array.from({ length: 10_000 }, (_, n) => n + 1)));
    expect(taken.length).toBeGreaterThanOrEqual(10_000 - 4_096);
  });

  test('lets one join exactly between its index and the next change', async () => {
    const { taken, distributor } = open(1);
    const joined: string[] = [];
    const joiner = (name: string, index: number): PendingMember => ({
      index,
      goLive: () => joined.push(`${name} behind ${taken.at(-1)}`),
    });
    distributor.follow(changes(10, 20, 30));
    distributor.admit(joiner('past', 5), 5);
    distributor.admit(joiner('between', 25), 5);
    distributor.admit(joiner('at the end', 30), 5);
    distributor.admit(joiner('ahead', 40), 30);
    const gone = joiner('gone', 20);
    distributor.admit(gone, 5);
    distributor.withdraw(gone);
    expect(joined).toEqual(['past behind 10']);
    while (taken.length < 3) await nextTurn();
    distributor.follow(changes(50));
    while (taken.length < 4) await nextTurn();
    expect(joined).toEqual([
      'past behind 10',
      'between behind 20',
      'at the end behind 30',
      'ahead behind 30',
    ]);
  });

  test('where nothing is due, the index to which the journal has got is good enough', () => {
    const { distributor } = open(1);
    const joined: number[] = [];
    const joiner = (index: number): PendingMember => ({ index, goLive: () => joined.push(index) });
    distributor.admit(joiner(30), 30);
    distributor.admit(joiner(31), 30);
    expect(joined).toEqual([30]);
    distributor.follow(changes(31, 32));
    distributor.admit(joiner(32), 32);
    expect(joined).toEqual([30, 31]);
  });

  test('hands out nothing more once it is closed', async () => {
    const { taken, distributor } = open(1);
    distributor.follow(changes(1, 2, 3));
    distributor[Symbol.dispose]();
    await nextTurn();
    await nextTurn();
    expect(taken).toEqual([1]);
  });
});
