import { describe, expect, test } from 'vitest';
import { type Duration, spanOf } from '../../../src/dialects/skywalking/duration.ts';
import cases from '../../fixtures/skywalking-cases.json' with { type: 'json' };

describe.each(cases.duration.cases)('$duration.start to $duration.end', (given) => {
  const { from, to } = spanOf(given.duration as Duration);

  test('the window ends with the last step', () => {
    expect(from).toBe(given.start_ms * 1000 + 1);
    expect(to).toBe(given.end_ms * 1000 - 1);
  });

  test.each(given.samples)('$timestamp is inside: $match', ({ timestamp, match }) => {
    const instant = timestamp * 1000;
    expect((from ?? 0) <= instant && instant <= (to ?? 0)).toBe(match);
  });
});

test.each([
  ...cases.duration.invalid.map(({ duration }) => duration as Duration),
  { start: '2023-11-14 2213', end: '2023-11-14', step: 'MINUTE' },
  { start: '2023-02-29', end: '2023-03-01', step: 'DAY' },
  { start: '2023-11-14 24', end: '2023-11-14 24', step: 'HOUR' },
  { start: '2023-11-14 221360', end: '2023-11-14 2214', step: 'SECOND' },
  { start: '', end: '', step: 'SECOND' },
] satisfies Duration[])('$start to $end by $step is rejected', (duration) => {
  expect(() => spanOf(duration)).toThrow(/must be a time in the form yyyy-MM-dd/);
});
