import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { everything } from '../../src/event/filter.ts';
import { BatchChannel } from '../../src/live/batch-channel.ts';
import { type ChannelMember, EventChannel, messageOf } from '../../src/live/channel.ts';
import type { FeedOperation } from '../../src/live/subscription.ts';
import { change } from './change.ts';
import { operationOf, rendered } from './list-receiver.ts';

const metrics = { delivered: () => {}, handedOver: () => {} };

/** A member that records the indexes of the events it is sent. */
class Listener implements ChannelMember {
  readonly got: number[] = [];
  readonly bytes: string[] = [];
  readonly positions: number[] = [];
  overran = false;
  index: number;

  constructor(index = 0) {
    this.index = index;
  }

  send({ index, bytes }: { index: number; bytes: string }): void {
    this.index = index;
    this.bytes.push(bytes);
    const root = JSON.parse(bytes);
    this.got.push(...(root.events ?? [root]).map((event: { index: number }) => event.index));
  }

  checkpoint(index: number): void {
    this.index = index;
    this.positions.push(index);
  }

  overrun(): void {
    this.overran = true;
  }
}

const at = (index: number) => change({ index });

describe('a channel of events', () => {
  test('executes the selection once for all members', () => {
    const render = vi.fn(rendered);
    const channel = new EventChannel(operationOf(everything, { render }), metrics);
    const members = [new Listener(), new Listener()];
    for (const member of members) channel.add(member);
    channel.take(at(1));
    expect(render).toHaveBeenCalledTimes(1);
    expect(members.map(({ got }) => got)).toEqual([[1], [1]]);
  });

  test('sends asynchronous results in order, and nothing that a member has already', async () => {
    const settle: (() => void)[] = [];
    const render: FeedOperation['render'] = (root) =>
      root.index % 2 === 0
        ? rendered(root)
        : new Promise((resolve) => settle.push(() => resolve(rendered(root))));
    const channel = new EventChannel(operationOf(everything, { render }), metrics);
    const first = new Listener();
    channel.add(first);
    for (const index of [1, 2, 3]) channel.take(at(index));
    const second = new Listener(3);
    channel.add(second);
    channel.take(at(4));
    settle[1]?.();
    await nextTurn();
    expect(first.got).toEqual([]);
    settle[0]?.();
    await nextTurn();
    expect(first.got).toEqual([1, 2, 3, 4]);
    expect(second.got).toEqual([4]);
  });

  test('ends its members when events come faster than the selection is executed', () => {
    const operation = operationOf(everything, { render: () => new Promise(() => {}) });
    const channel = new EventChannel(operation, metrics);
    const member = new Listener();
    channel.add(member);
    for (let index = 1; index <= 2_000 && !member.overran; index++) channel.take(at(index));
    expect(member.overran).toBe(true);
  });

  test('sends a checkpoint only after a silence, and not before a pending result', async () => {
    const render = async () => '{}';
    const channel = new EventChannel(operationOf(everything, { render }), metrics);
    const member = new Listener();
    channel.add(member);
    channel.checkpoint(5, 1_000);
    expect(member.positions).toEqual([]);
    channel.take(at(6));
    channel.checkpoint(7, 0);
    expect(member.positions).toEqual([]);
    await nextTurn();
    channel.checkpoint(7, 0);
    expect(member.positions).toEqual([7]);
  });
});

describe('a channel of batches', () => {
  const open = (batching: { maxSize: number; maxWaitMicros: number }) =>
    new BatchChannel(operationOf(everything), batching, metrics);

  test('sends a batch when it is full, or after maxWaitMicros', async () => {
    const channel = open({ maxSize: 2, maxWaitMicros: 5_000 });
    const member = new Listener();
    channel.add(member);
    for (const index of [1, 2, 3]) channel.take(at(index));
    expect(member.got).toEqual([1, 2]);
    await vi.waitFor(() => expect(member.got).toEqual([1, 2, 3]));
    expect(member.bytes).toHaveLength(2);
  });

  test('sends a batch when its bytes reach the limit', () => {
    const channel = open({ maxSize: 1_000, maxWaitMicros: 60_000_000 });
    const member = new Listener();
    channel.add(member);
    for (let index = 1; index <= 10; index++) {
      channel.take(change({ index, message: 'x'.repeat(100_000) }));
    }
    expect(member.got.length).toBeGreaterThanOrEqual(6);
    channel.delete(member);
  });

  test('does not send a new member the events that it has already', () => {
    const channel = open({ maxSize: 10, maxWaitMicros: 60_000_000 });
    const first = new Listener();
    channel.add(first);
    for (const index of [1, 2]) channel.take(at(index));
    const second = new Listener(2);
    channel.add(second);
    channel.take(at(3));
    channel.flush();
    expect(first.got).toEqual([1, 2, 3]);
    expect(second.got).toEqual([3]);
  });

  test('sends a checkpoint as an empty batch, after the events that waited', () => {
    const channel = open({ maxSize: 10, maxWaitMicros: 60_000_000 });
    const member = new Listener();
    channel.add(member);
    channel.take(at(1));
    channel.checkpoint(9, 0);
    expect(member.bytes.map((bytes) => JSON.parse(bytes).index)).toEqual([1, 9]);
  });

  test('stops its timer with its last member', () => {
    vi.useFakeTimers();
    try {
      const channel = open({ maxSize: 10, maxWaitMicros: 60_000_000 });
      const member = new Listener();
      channel.add(member);
      channel.take(at(1));
      expect(vi.getTimerCount()).toBe(1);
      channel.delete(member);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

test('a message has one character a byte', () => {
  const { bytes } = messageOf(1, '{"é":"\u{1f600}"}');
  expect(bytes).toHaveLength(Buffer.byteLength('{"é":"\u{1f600}"}'));
  expect(Buffer.from(bytes, 'latin1').toString()).toBe('{"é":"\u{1f600}"}');
});
