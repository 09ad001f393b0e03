import type { Event } from '../../src/event/event.ts';

/** An event about nothing, at the beginning of time. */
export const blankEvent: Event = {
  id: 'an event',
  namespace: 'default',
  category: 'Job',
  action: 'Failed',
  type: 'Job.Failed',
  severity: 'ERROR',
  source: {
    service: null,
    instance: null,
    endpoint: null,
    node: null,
    component: null,
    plane: null,
    layer: null,
  },
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
