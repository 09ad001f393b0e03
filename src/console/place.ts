import { defaultRange, readRange, type TimeRange } from './time-range.ts';

const viewNames = [
  'events',
  'live',
  'timeline',
  'aggregates',
  'alarms',
  'sinks',
  'report',
  'about',
] as const;

export type ViewName = (typeof viewNames)[number];

/** All that a URL of the console says: a link shows a colleague the same. */
export interface Place {
  readonly view: ViewName;
  /** A filter string. */
  readonly filter: string;
  readonly range: TimeRange;
  /** What the view alone understands. */
  readonly options: Readonly<Record<string, string>>;
}

const shared: ReadonlySet<string> = new Set(['view', 'filter', 'from', 'to']);

/** Reads the query of a URL; what cannot be read is the default. */
export function readPlace(search: string): Place {
  const parameters = new URLSearchParams(search);
  const view = viewNames.find((name) => name === parameters.get('view')) ?? 'events';
  return {
    view,
    filter: parameters.get('filter') ?? '',
    range: readRange(parameters.get('from'), parameters.get('to')),
    options: Object.fromEntries([...parameters].filter(([name]) => !shared.has(name))),
  };
}

/** The query of the URL of a place, without what is the default. */
export function printPlace({ view, filter, range, options }: Place): string {
  const parameters = new URLSearchParams();
  if (view !== 'events') parameters.set('view', view);
  if (filter !== '') parameters.set('filter', filter);
  if (range.from !== defaultRange.from) parameters.set('from', range.from);
  if (range.to !== defaultRange.to) parameters.set('to', range.to);
  for (const [name, value] of Object.entries(options)) {
    if (value !== '') parameters.set(name, value);
  }
  const search = parameters.toString();
  return search === '' ? '/' : `/?${search}`;
}

/** The place with another view, which has options of its own. */
export const placeOfView = (place: Place, view: ViewName): Place => ({
  ...place,
  view,
  options: {},
});
