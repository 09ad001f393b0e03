import type { Event } from '../../src/event/event.ts';

/** A change that says nothing but what is given. */
export const change = (said: Partial<Event> = {}): Event => ({
  id: '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a',
  index: 1,
  namespace: 'default',
  category: 'event',
  action: null,
  severity: 'NORMAL',
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
  time: 1_700_000_000_000_000,
  endTime: null,
  recordedAt: 1_700_000_000_000_000,
  dialect: 'TIDINGS',
  raw: null,
  ...said,
});
