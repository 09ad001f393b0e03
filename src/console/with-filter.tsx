import type { ComponentChildren } from 'preact';
import type { EventFilter } from '../client/schema.generated.ts';
import { readFilter } from './filter.ts';
import { useNavigation } from './navigation.tsx';
import { Empty } from './notice.tsx';

interface WithFilterProps {
  readonly children: (filter: EventFilter) => ComponentChildren;
}

/** What needs the filter of the page, where that can be read. */
export function WithFilter({ children }: WithFilterProps) {
  const { filter } = readFilter(useNavigation().place.filter);
  if (filter !== null) return <>{children(filter)}</>;
  return <Empty>The filter cannot be read: see what is wrong with it above.</Empty>;
}
