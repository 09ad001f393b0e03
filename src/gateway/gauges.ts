import type { Source } from '../dialects/source.ts';
import type { Journal } from '../journal/journal.ts';
import type { Live } from '../live/live.ts';
import type { OpenStore } from '../store/open.ts';
import type { RollupFill } from '../store/write/rollup-fill.ts';
import type { Metrics } from '../telemetry/metrics.ts';

interface Observed {
  readonly journal: Journal;
  readonly store: OpenStore;
  readonly rollupFill: Pick<RollupFill, 'uncounted'>;
  readonly live: Live;
  readonly sources: () => readonly Source[];
}

/** Metrics that the parts keep themselves, read whenever somebody asks for them. */
export function registerGauges(
  metrics: Metrics,
  { journal, store, rollupFill, live, sources }: Observed,
): void {
  registerSources(metrics, sources);
  const { gauge, counter } = metrics;
  gauge({
    name: 'tidings_journal_up',
    help: '1 while the journal is usable.',
    read: () => (journal.healthReason() === null ? 1 : 0),
  });
  gauge({
    name: 'tidings_journal_position',
    help: 'The index up to which the live feeds have been notified.',
    read: () => journal.position,
  });
  gauge({
    name: 'tidings_store_up',
    help: '1 while the database answers.',
    read: () => (store.healthReason() === null ? 1 : 0),
  });
  gauge({
    name: 'tidings_store_position',
    help: 'The index up to which everything is stored.',
    read: () => store.storedIndex,
  });
  gauge({
    name: 'tidings_store_lag_events',
    help: 'How many changes the live feeds know that the store does not show yet.',
    read: () => Math.max(0, journal.position - store.storedIndex),
  });
  gauge({
    name: 'tidings_store_uncounted_events',
    help: 'How many indexes of stored events the rollups do not count yet.',
    read: () => rollupFill.uncounted,
  });
  gauge({
    name: 'tidings_store_replica_used',
    help: '1 while the read replica answers queries.',
    read: () => (store.replica?.isUsed ? 1 : 0),
  });
  counter({
    name: 'tidings_store_replica_passed_over_total',
    help: 'Reads that the primary answered because the read replica was behind or down.',
    read: () => store.replica?.passedOver ?? 0,
  });
  counter({
    name: 'tidings_store_refused_total',
    help: 'Reports that the database refused for what they say, and that were set aside.',
    read: () => store.refused,
  });
  counter({
    name: 'tidings_reports_conflicting_total',
    help: 'Reports that were acknowledged and then set aside, because their ids belong to events of other namespaces.',
    read: () => store.conflicting,
  });
  gauge({
    name: 'tidings_live_subscriptions',
    help: 'GraphQL subscriptions that are open.',
    read: () => live.stats().subscriptions,
  });
  gauge({
    name: 'tidings_live_channels',
    help: 'Distinct subscriptions: equal ones share a channel.',
    read: () => live.stats().channels,
  });
  gauge({
    name: 'tidings_live_feeds',
    help: 'Feeds of other dialects that are open.',
    read: () => live.stats().feeds,
  });
  counter({
    name: 'tidings_live_deliveries_total',
    help: 'Messages handed to subscriptions.',
    read: () => live.stats().deliveries,
  });
}

function registerSources({ gauge, counter }: Metrics, sources: () => readonly Source[]): void {
  const by = (read: (source: Source) => number | undefined) => () =>
    new Map(
      sources().flatMap((source) => {
        const value = read(source);
        return value === undefined ? [] : [[source.name, value] as const];
      }),
    );
  gauge({
    name: 'tidings_source_up',
    help: '1 while the source brings events in.',
    label: 'source',
    read: by((source) => (source.healthReason() === null ? 1 : 0)),
  });
  counter({
    name: 'tidings_source_skipped_total',
    help: 'Messages of the source that could not become events.',
    label: 'source',
    read: by(({ skipped }) => skipped),
  });
  counter({
    name: 'tidings_source_received_total',
    help: 'Messages that the source has received, repeats included.',
    label: 'source',
    read: by(({ received }) => received),
  });
}
