import { readFile } from 'node:fs/promises';
import type { Access } from '../access/access.ts';
import { readableBy } from '../access/scoped-store.ts';
import { Alarms } from '../alarms/alarms.ts';
import { DeclaredRules } from '../alarms/declared-rules.ts';
import { AlarmEngine } from '../alarms/engine.ts';
import { AlarmNotices } from '../alarms/notices.ts';
import { parseRuleFile } from '../alarms/rule-file.ts';
import { testRule } from '../alarms/rule-test.ts';
import { SummaryLoader } from '../alarms/summary-loader.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { ConsumerSupervisor } from '../consumers/supervisor.ts';
import type { AlarmWindows, DialectContext } from '../dialects/dialect.ts';
import { everything } from '../event/filter.ts';
import type { AlarmServices, SinkServices } from '../graphql/context.ts';
import { createInputCoercion } from '../graphql/declared-input.ts';
import { ListFileError } from '../http/yaml-list-file.ts';
import type { OpenStore } from '../store/open.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { OpenDialects } from './open-dialects.ts';
import type { Parts } from './parts.ts';
import { schema } from './schema.ts';

export interface OpenAlarms {
  readonly services: AlarmServices;
  readonly windowsOf: AlarmWindows;
  /** Takes the rules of the dialects' files again. */
  redeclare(): void;
  /** Reads TIDINGS_ALARMS_FILE again; never rejects: with a bad file its rules stay as they are. */
  reload(): Promise<void>;
}

interface AlarmParts {
  readonly context: DialectContext;
  readonly store: OpenStore;
  readonly access: Access;
  readonly sinks: SinkServices;
  readonly dialects: OpenDialects;
  readonly metrics: Metrics;
}

/** What evaluates the rules of alarms, and the services of their fields. */
export async function openAlarms(
  config: Config,
  { context, store, access, sinks, dialects, metrics }: AlarmParts,
  parts: Parts,
): Promise<OpenAlarms> {
  const { log, openFeed, intake, journal, now } = context;
  const { maxFilterDepth, intake: limits } = config;
  const { maxAlarmEntities: maxEntities, alarmMinute: eventMinute } = config;
  const declared = new DeclaredRules({ table: store.alarmRules, log, now });
  await declareFile(config, declared);
  dialects.declareRules(declared);
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
      eventMinute,
      maxFilterDepth,
      supervisor,
      declared,
      access,
      retentionMicros: config.retentionMicros,
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
  const services: AlarmServices = {
    management: new Alarms({ store, engine, access, maxFilterDepth, now }),
    summaries: new SummaryLoader((ids, read) =>
      store.alarms.summaries(ids, readableBy({ read }, everything)),
    ),
    test: (rule, options) => testRule(rule, { ...options, maxEntities, eventMinute }),
    notices: (session, alarmId, first) => notices.of(session, alarmId, first),
  };
  return {
    services,
    windowsOf: (namespace, name) => engine.windowsOf(namespace, name),
    redeclare() {
      dialects.declareRules(declared);
      engine.changed();
    },
    async reload() {
      if (config.alarmsFile === null) return;
      try {
        await declareFile(config, declared);
        engine.changed();
        log.info('TIDINGS_ALARMS_FILE was read again.');
      } catch (error) {
        const faults = error instanceof ConfigError ? error.faults : [String(error)];
        log.error({ faults }, 'TIDINGS_ALARMS_FILE was not taken: its rules stay as they were.');
      }
    },
  };
}

/** Owns the rules of the file. */
const owner = 'TIDINGS_ALARMS_FILE';

/** Without a file there are none, so that the rules of an earlier one are deleted. @throws ConfigError */
async function declareFile(
  { alarmsFile, maxFilterDepth }: Config,
  declared: DeclaredRules,
): Promise<void> {
  if (alarmsFile === null) return declared.declare(owner, []);
  try {
    const text = await readFile(alarmsFile, 'utf8');
    const coerce = createInputCoercion(schema, 'AlarmRuleInput');
    const inputs = parseRuleFile(text, { file: alarmsFile, coerce, maxFilterDepth });
    declared.declare(
      owner,
      inputs.map((input) => ({ input })),
    );
  } catch (error) {
    const faults = error instanceof ListFileError ? error.faults : [`${owner}: ${String(error)}.`];
    throw new ConfigError(faults, { cause: error });
  }
}
