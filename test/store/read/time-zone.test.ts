import { expect, test } from 'vitest';
import { minutesOfDays } from '../../../src/store/read/time-zone.ts';

test.each([
  ['UTC', 60],
  ['Europe/Berlin', 60],
  ['america/new_york', 60],
  ['Asia/Tokyo', 60],
  // 5:45 ahead of UTC; set forward by half an hour; half an hour for three years.
  ['Asia/Kathmandu', 1],
  ['Australia/Lord_Howe', 1],
  ['Asia/Pyongyang', 1],
  // To PostgreSQL an abbreviation: 3:30 behind UTC.
  ['NST', 1],
  ['<x>-00:00:30', null],
  ['Mars/Base', null],
])('days of %s are made of counts of %s minutes', (timeZone, minutes) => {
  expect(minutesOfDays(timeZone)).toBe(minutes);
});
