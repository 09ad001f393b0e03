import type { Event } from '../../event/event.ts';
import { everything, type Filter } from '../../event/filter.ts';
import type { SeriesSelector } from './compile.ts';

/** SkyWalking's own counters of events, of its versions 8.7 to 9.0. */
const counters: Readonly<Record<string, (event: Event) => boolean>> = {
  event_total: () => true,
  event_normal_count: ({ severity }) => severity === 'NORMAL',
  event_error_count: ({ severity }) => severity === 'ERROR',
  event_start_count: ({ action }) => action === 'Start',
  event_shutdown_count: ({ action }) => action === 'Shutdown',
};

const filters: Readonly<Record<string, Filter>> = {
  event_total: everything,
  event_normal_count: { severities: ['NORMAL'] },
  event_error_count: { severities: ['ERROR'] },
  event_start_count: { actions: ['Start'] },
  event_shutdown_count: { actions: ['Shutdown'] },
};

/** How the metrics begin that SkyWalking makes of traces, meters and logs. */
const measured =
  /^(?:aws|browser|cache|cilium|continuous_profiling|database|eks|endpoint|envoy|event|gen|instance|k8s|kubernetes|meter|mq|process_relation|satellite|service|tcp)_[a-zA-Z0-9_]+$/;

/** Why an expression cannot use a metric; null where it can: every event's name is one, of which nothing is predicted. */
export function whyUnknown(metric: string, isPredicted = false): string | null {
  if (isPredicted)
    return `There are no predicted values here: leave the baseline of ${metric} out.`;
  if (Object.hasOwn(counters, metric) || !measured.test(metric)) return null;
  return `There is no metric ${metric} here: Tidings counts events, by their names and by ${Object.keys(counters).join(', ')}.`;
}

/** The labels that every event has; others are its parameters. */
const labels: Readonly<Record<string, (event: Event) => string | null>> = {
  service: ({ source }) => source.service,
  serviceInstance: ({ source }) => source.instance,
  endpoint: ({ source }) => source.endpoint,
  layer: ({ source }) => source.layer ?? 'UNDEFINED',
  type: ({ severity }) => (severity === 'ERROR' ? 'Error' : 'Normal'),
};

/** Whether a series selects by the name of a trait. */
export const selectsByTrait = (selector: SeriesSelector): boolean =>
  selector.labels.some(([name]) => !Object.hasOwn(labels, name));

/** Whether a series counts an event: of its name, or of its whole type, and with all labels. */
export const counts = (selector: SeriesSelector, event: Event): boolean =>
  hasName(selector.name, event) &&
  selector.labels.every(([name, value]) => labelOf(name, event) === value);

/** Every event that some of the series count, and hardly another. */
export function countedBy(series: readonly SeriesSelector[]): Filter {
  const names = [...new Set(series.map(({ name }) => name))];
  const counted = names.filter((name) => Object.hasOwn(filters, name));
  const others = names.filter((name) => !Object.hasOwn(filters, name));
  return {
    any: [
      ...counted.map((name) => filters[name] ?? everything),
      ...(others.length === 0
        ? []
        : [
            { actions: others },
            { types: { exact: others, globs: [], notExact: [], notGlobs: [] } },
          ]),
    ],
  };
}

function hasName(name: string, event: Event): boolean {
  const counter = Object.hasOwn(counters, name) ? counters[name] : undefined;
  return counter?.(event) ?? (name === (event.action ?? event.category) || name === event.type);
}

function labelOf(name: string, event: Event): string | null {
  if (Object.hasOwn(labels, name)) return labels[name]?.(event) ?? null;
  const trait = event.traits.find((each) => each.name === name);
  return trait === undefined ? null : String(trait.value);
}
