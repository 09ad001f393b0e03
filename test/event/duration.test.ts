import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../src/event/duration.ts';
import { InputError } from '../../src/event/input-error.ts';

describe('parseDuration', () => {
  test.each([
    ['0s', 0],
    ['250us', 250],
    ['500ms', 500_000],
    ['90s', 90_000_000],
    ['1.5s', 1_500_000],
    ['5m', 300_000_000],
    ['1h', 3_600_000_000],
    ['7d', 604_800_000_000],
    ['2w', 1_209_600_000_000],
    ['PT5M', 300_000_000],
    ['PT0.25S', 250_000],
    ['P1D', 86_400_000_000],
    ['P2W', 1_209_600_000_000],
    ['P1DT12H30M5S', 131_405_000_000],
  ])('%s', (text, microseconds) => {
    expect(parseDuration(text, ['interval'])).toBe(microseconds);
  });

  test.each([
    ['', 'not a length'],
    ['5', 'not a length'],
    ['m', 'not a length'],
    ['-5m', 'not a length'],
    ['5 m', 'not a length'],
    ['5H', 'not a length'],
    ['5m ', 'not a length'],
    ['P', 'not a length'],
    ['PT', 'not a length'],
    ['P1DT', 'not a length'],
    ['PT5', 'not a length'],
    ['P5M', 'months'],
    ['P1Y', 'months'],
    ['P1Y2M3DT4H', 'months'],
    ['1M', 'months'],
    ['1y', 'months'],
    ['900000000w', 'too long'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseDuration(text, ['interval'])).toThrow(reason);
  });

  test('names the argument', () => {
    try {
      parseDuration('soon', ['interval']);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).argument).toEqual(['interval']);
    }
  });
});
