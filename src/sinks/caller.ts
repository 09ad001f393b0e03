import { everything, type Filter } from '../event/filter.ts';

/** Actions on sinks that need a right. */
export type SinkAction = 'READ' | 'MANAGE_SINKS' | 'ADMIN';

/** Who asks. */
export interface SinkCaller {
  readonly name: string;
  mayIn(action: SinkAction, namespace: string): boolean;
  /** Which events the caller may read. */
  readonly read: Filter | 'ALL' | 'NONE';
}

/** Somebody who may do everything but what is the operator's alone. */
export const unrestricted: SinkCaller = {
  name: 'anonymous',
  mayIn: (action) => action !== 'ADMIN',
  read: 'ALL',
};

/** The filter of what a caller may read of what a sink asks for. */
export function readableBy({ read }: SinkCaller, filter: Filter): Filter {
  if (read === 'ALL') return filter;
  return read === 'NONE' ? { not: everything } : { all: [filter, read] };
}
