import { type Event, typeOf } from './event.ts';

/** Where the events about the gateway's own management are. */
export const auditNamespace = 'tidings';
export const auditCategory = 'Audit';

/** By its type as well: a category may have a dot in it, where a reader finds it under another. */
export const isAudit = (event: Pick<Event, 'namespace' | 'category' | 'action'>): boolean =>
  event.namespace === auditNamespace &&
  (event.category === auditCategory || /^Audit(\.|$)/.test(typeOf(event)));
