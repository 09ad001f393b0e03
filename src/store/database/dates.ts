import type { Instant } from '../../event/event.ts';

/** An instant as Prisma takes it: in whole milliseconds. */
export const dateOf = (instant: Instant): Date => new Date(instant / 1_000);

export const instantOf = (date: Date): Instant => date.getTime() * 1_000;
