import type { Access } from '../access/access.ts';
import { Alarms } from '../alarms/alarms.ts';
import { AlarmEngine } from '../alarms/engine.ts';
import { AlarmNotices } from '../alarms/notices.ts';
import { testRule } from '../alarms/rule-test.ts';
import { SummaryLoader } from '../alarms/summary-loader.ts';
import type { Config } from '../config/config.ts';
import { ConsumerSupervisor } from '../consumers/supervisor.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import type { AlarmServices, SinkServices } from '../graphql/context.ts';
import type { OpenStore } from '../store/open.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Parts } from './parts.ts';

interface AlarmParts {
  readonly context: DialectContext;
  readonly store: OpenStore;
  readonly access: Access;
  readonly sinks: SinkServices;
  readonly metrics: Metrics;
}

/** What evaluates the rules of alarms, and the services of their fields. */
export function openAlarms(
  config: Config,
  { context, store, access, sinks, metrics }: AlarmParts,
  parts: Parts,
): AlarmServices {
  const { log, openFeed, intake, journal, now } = context;
  const { maxFilterDepth, maxAlarmEntities: maxEntities, intake: limits } = config;
  const cursors = store.consumers;
  const supervisor = parts.add(new ConsumerSupervisor({ cursors, openFeed, log }));
  const engine = parts.add(
    new AlarmEngine({
      store,
      journal,
      intake,
      limits,
      log,
      now,
      maxEntities,
      maxFilterDepth,
      supervisor,
      access,
    }),
  );
  metrics.gauge({
    name: 'tidings_alarm_entities',
    help: 'Entities of alarm rules that this gateway evaluates.',
    read: () => engine.entityCount,
  });
  metrics.gauge({
    name: 'tidings_alarm_samples',
    help: 'Events in the windows of the alarm rules that this gateway evaluates.',
    read: () => engine.sampleCount,
  });
  const notices = new AlarmNotices({ store, attempts: sinks.views });
  return {
    management: new Alarms({ store, engine, maxFilterDepth, now }),
    summaries: new SummaryLoader((ids) => store.alarms.summaries(ids)),
    test: (rule, options) => testRule(rule, { ...options, maxEntities }),
    notices: (session, alarmId, first) => notices.of(session, alarmId, first),
  };
}
