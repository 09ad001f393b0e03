import { afterEach, expect, test, vi } from 'vitest';
import type { Log } from '../../src/telemetry/log.ts';
import { logUnexpectedError } from '../../src/telemetry/unexpected-error.ts';

afterEach(() => void vi.useRealTimers());

test('one error a minute of each kind is logged, with the number of those left out', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const error = vi.fn();
  const log = { error } as unknown as Log;
  const fail = (text: string) => new Error(text);
  for (let n = 0; n < 1_000; n++) logUnexpectedError(log, { error: fail(`no. ${n}`), where: 'a' });
  expect(error).toHaveBeenCalledTimes(1);
  logUnexpectedError(log, { error: fail('another place'), where: 'b', method: 'GET' });
  expect(error).toHaveBeenCalledTimes(2);
  expect(error.mock.lastCall).toEqual([
    { error: expect.any(Error), where: 'b', method: 'GET' },
    'Unexpected error.',
  ]);
  vi.advanceTimersByTime(60_000);
  logUnexpectedError(log, { error: fail('later'), where: 'a' });
  expect(error.mock.lastCall?.[0]).toMatchObject({ where: 'a', leftOut: 999 });
});
