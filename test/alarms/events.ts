import { type Event, nowhere } from '../../src/event/event.ts';

/** An event about nothing, at the beginning of time. */
export const blankEvent: Event = {
  id: 'an event',
  namespace: 'default',
  category: 'Job',
  action: 'Failed',
  type: 'Job.Failed',
  severity: 'ERROR',
  source: nowhere,
  key: null,
  filterKeys: [],
  message: null,
  tags: [],
  traits: [],
  value: null,
  time: 0,
  endTime: null,
  recordedAt: 0,
  dialect: 'TIDINGS',
  raw: null,
  index: 1,
};
