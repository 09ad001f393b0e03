import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { EitherSignal } from '../../src/runtime/either-signal.ts';

test.each([0, 1])('is aborted with source %i, for its reason', (which) => {
  const sources = [new AbortController(), new AbortController()] as const;
  using either = new EitherSignal(sources[0].signal, sources[1].signal);
  expect(either.signal.aborted).toBe(false);
  const reason = new Error('over');
  sources[which]?.abort(reason);
  expect(either.signal.reason).toBe(reason);
});

test('is aborted from the beginning where a source is', () => {
  using either = new EitherSignal(new AbortController().signal, AbortSignal.abort('over'));
  expect(either.signal.reason).toBe('over');
});

test('leaves nothing at its sources', () => {
  const { signal } = new AbortController();
  for (let made = 0; made < 30; made += 1) {
    using either = new EitherSignal(signal, new AbortController().signal);
    expect(either.signal.aborted).toBe(false);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  }
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
