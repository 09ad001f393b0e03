import { type Event, typeOf } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';

/** Where the events about the gateway's own management are. */
export const auditNamespace = 'tidings';
const auditCategory = 'Audit';

/** READ_AUDIT gives the right to read them; nobody may report them. */
export const auditEvents: Filter = {
  categories: [auditCategory],
  namespaces: [auditNamespace],
};

/** By its type as well: a category may have a dot in it, where a reader finds it under another. */
export const isAudit = (event: Pick<Event, 'namespace' | 'category' | 'action'>): boolean =>
  event.namespace === auditNamespace &&
  (event.category === auditCategory || /^Audit(\.|$)/.test(typeOf(event)));
