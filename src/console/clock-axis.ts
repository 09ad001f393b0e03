import type uPlot from 'uplot';
import { clockOf, dayOf } from './format.ts';

/** 24 hours a day, and days by their date. */
export const clockValues: uPlot.Axis.DynamicValues = (_plot, splits) => {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  return splits.map((seconds) => {
    const ms = seconds * 1_000;
    if (step >= 86_400) return dayOf(ms).slice(5);
    const isMidnight = clockOf(ms, false) === '00:00:00';
    if (isMidnight) return dayOf(ms).slice(5);
    if (step < 1) return clockOf(ms);
    return step < 60 ? clockOf(ms, false) : clockOf(ms, false).slice(0, 5);
  });
};
