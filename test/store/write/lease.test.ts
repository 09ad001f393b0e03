import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeldLease } from '../../../src/store/write/lease.ts';

const times = { leaseMs: 15_000, marginMs: 1_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a lease ends a margin before the database gives it to somebody else, counted from when it was asked for', () => {
  const askedAtMs = performance.now();
  vi.advanceTimersByTime(4_000);
  const lease = new HeldLease(askedAtMs, times);
  vi.advanceTimersByTime(9_999);
  expect([lease.isHeld, lease.signal.aborted]).toEqual([true, false]);
  vi.advanceTimersByTime(1);
  expect([lease.isHeld, lease.signal.aborted]).toEqual([false, true]);
});

test('a lease that is prolonged lasts on, and one that has ended stays so', () => {
  const lease = new HeldLease(performance.now(), times);
  vi.advanceTimersByTime(10_000);
  lease.prolong(performance.now());
  vi.advanceTimersByTime(13_999);
  expect(lease.isHeld).toBe(true);
  vi.advanceTimersByTime(1);
  expect(lease.isHeld).toBe(false);
  lease.prolong(performance.now());
  expect([lease.isHeld, lease.signal.aborted]).toEqual([false, true]);
});

test('a process that was halted does not hold a lease that has passed, though no timer has fired', () => {
  const lease = new HeldLease(performance.now() - 14_000, times);
  expect([lease.isHeld, lease.signal.aborted]).toEqual([false, false]);
  lease.end();
  expect(lease.signal.aborted).toBe(true);
});
