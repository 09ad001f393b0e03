import type { Filter } from '../event/filter.ts';

/** Categories of what the gateway reports of itself. */
const ownCategories = ['Sink', 'Alarm', 'Audit'] as const;

/** The category of the events about sinks. */
export const sinkCategory = 'Sink';

/** The category of the events about alarms. */
export const alarmCategory = 'Alarm';

/** Tags of alarms that are recorded and not notified: a silence covers them, or a notice of several speaks for them. */
export const unnotifiedTags = ['silenced', 'grouped'] as const;
const unnotified: Filter = { categories: [alarmCategory], anyTags: unnotifiedTags };

/**
 * A sink that delivers what its own deliveries cause would never end: what the gateway reports of itself reaches it
 * only where its filter names the category, and what is reported of the sink itself never; alarms that are not to be
 * notified reach no sink.
 */
export function withoutLoops(filter: Filter, sinkId: string): Filter {
  const unnamed = ownCategories.filter((category) => !namesCategory(filter, category));
  const ofItself: Filter = { categories: [sinkCategory], keys: [sinkId] };
  const guards = [
    ...(unnamed.length > 0 ? [{ categories: unnamed }] : []),
    ...(unnamed.includes(alarmCategory) ? [] : [unnotified]),
    ofItself,
  ];
  return { all: [filter, { not: { any: guards } }] };
}

/** Whether a filter asks for a category by its name: what it excludes does not count. */
export function namesCategory(filter: Filter, category: string): boolean {
  const { categories = [], topics = [], types, all = [], any = [] } = filter;
  const isOfIt = (type: string) => type === category || type.startsWith(`${category}.`);
  return (
    categories.includes(category) ||
    topics.some((topic) => topic.category === category) ||
    [...(types?.exact ?? []), ...(types?.globs ?? [])].some(isOfIt) ||
    [...all, ...any].some((part) => namesCategory(part, category))
  );
}
