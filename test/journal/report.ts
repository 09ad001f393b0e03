import { randomUUID } from 'node:crypto';
import { nowhere, type Report } from '../../src/event/event.ts';

/** A report with only the given fields. */
export const report = (said: Partial<Report> = {}): Report => ({
  id: said.id ?? randomUUID(),
  generatedId: said.id === undefined,
  namespace: 'default',
  category: 'event',
  action: null,
  severity: null,
  source: nowhere,
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
