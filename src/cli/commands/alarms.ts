import type { Call } from '../call.ts';
import type { Group } from '../command.ts';
import { usageError } from '../exit-code.ts';
import { namespacesOption, timeOptions, timeRangeOf } from '../filter-options.ts';
import { jsonInput } from '../json-input.ts';
import type { Row } from '../output/value-at.ts';

interface Entity {
  readonly entity: readonly { readonly name: string; readonly value: string | null }[];
}

interface Alarm extends Row, Entity {
  readonly event: { readonly severity: string; readonly message: string | null };
}

const states = ['FIRING', 'SILENCED', 'OBSERVING_RECOVERY', 'RECOVERED'] as const;

const selection = `id ruleName state entity { name value } startedAt recoveredAt value latestValue
  acknowledgedAt acknowledgedBy comment event { index namespace type severity key message tags }`;

const columns = [
  'id',
  'state',
  'severity',
  'rule',
  'entity',
  'startedAt',
  'recoveredAt',
  'acknowledgedBy',
  'message',
];

export const alarms: Group = {
  summary: 'List and acknowledge alarms, and test rules over the past.',
  commands: {
    list: {
      summary: 'List alarms, newest first; those that fire or recover where no --state is given.',
      options: {
        ...timeOptions,
        state: {
          type: 'string',
          multiple: true,
          argument: 'STATE',
          description: `${states.join(', ')}, or all.`,
        },
        rule: { type: 'string', multiple: true, argument: 'NAME', description: 'Of these rules.' },
        ns: namespacesOption,
        severity: {
          type: 'string',
          multiple: true,
          argument: 'SEVERITY',
          description: 'normal or error.',
        },
        tag: { type: 'string', multiple: true, argument: 'TAG', description: 'With these tags.' },
        entity: {
          type: 'string',
          argument: 'LABEL',
          description: 'With this label of the entity.',
        },
        unacknowledged: {
          type: 'boolean',
          description: 'Only those that nobody has acknowledged.',
        },
        limit: { type: 'string', argument: 'N', description: 'At most N; 30.' },
      },
      async run(call) {
        call.noArguments();
        const gateway = await call.gateway();
        const { alarms: found } = await gateway.ask<{ alarms: { nodes: readonly Alarm[] } }>(
          `query ($filter: AlarmFilter, $first: Int!) {
            alarms(filter: $filter, first: $first) { nodes { ${selection} } }
          }`,
          { filter: filterOfAlarms(call), first: call.wholeNumber('limit', 1, 1_000) ?? 30 },
        );
        await printAlarms(call, found.nodes);
        return undefined;
      },
    },
    rules: {
      summary: 'List rules, and how many entities each has firing.',
      options: {
        ns: namespacesOption,
      },
      async run(call) {
        call.noArguments();
        const rules = await rulesOf(call, call.list('ns'));
        await call.output.rows(
          ['name', 'namespace', 'enabled', 'firingCount', 'lastFiredAt', 'problem', 'description'],
          rules,
        );
        return undefined;
      },
    },
    test: {
      summary: 'Show when a rule would have fired; nothing is recorded.',
      arguments: '[RULE]',
      details:
        'RULE is the name of a rule, or --file has an AlarmRuleInput of the API as JSON (- for standard input).',
      options: {
        ...timeOptions,
        file: { type: 'string', short: 'f', argument: 'FILE', description: 'The rule to test.' },
        ns: {
          type: 'string',
          short: 'n',
          argument: 'NAME',
          description: 'The namespace of the rule.',
        },
      },
      examples: [
        'tidings alarms test --file rule.json --since 7d',
        'tidings alarms test slow-rebuild --since 1d',
      ],
      async run(call) {
        const time = timeRangeOf(call) ?? { gte: 'now-1d' };
        const input = await ruleOf(call);
        const gateway = await call.gateway();
        const { testAlarmRule } = await gateway.ask<{
          testAlarmRule: {
            alarms: readonly (Row & Entity)[];
            truncated: boolean;
            evaluatedEvents: number;
          };
        }>(
          `mutation ($input: AlarmRuleInput!, $time: TimeRange!) {
            testAlarmRule(input: $input, time: $time) {
              alarms { entity { name value } startedAt recoveredAt value message }
              truncated evaluatedEvents
            }
          }`,
          { input, time },
        );
        const { alarms: fired, truncated, evaluatedEvents } = testAlarmRule;
        const isTable = call.output.format === 'table';
        const rows = isTable ? fired.map((alarm) => ({ ...alarm, entity: labels(alarm) })) : fired;
        await call.output.rows(['startedAt', 'recoveredAt', 'entity', 'value', 'message'], rows);
        const more = truncated ? ', and more alarms than are shown' : '';
        call.terminal.notice(`${fired.length} alarms over ${evaluatedEvents} events${more}.`);
        return undefined;
      },
    },
    ack: {
      summary: 'Acknowledge an alarm.',
      arguments: 'ID',
      options: { comment: { type: 'string', argument: 'LINE', description: 'For others.' } },
      async run(call) {
        const gateway = await call.gateway();
        const { acknowledgeAlarm } = await gateway.ask<{ acknowledgeAlarm: Alarm }>(
          `mutation ($id: ID!, $comment: String) {
            acknowledgeAlarm(id: $id, comment: $comment) { ${selection} }
          }`,
          { id: call.argument('the id of the alarm'), comment: call.text('comment') ?? null },
        );
        await printAlarms(call, [acknowledgeAlarm]);
        return undefined;
      },
    },
  },
};

async function printAlarms(call: Call, found: readonly Alarm[]): Promise<void> {
  const isTable = call.output.format === 'table';
  await call.output.rows(columns, isTable ? found.map(tableRow) : found);
}

const tableRow = (alarm: Alarm): Row => ({
  id: alarm.id,
  state: alarm.state,
  severity: alarm.event.severity,
  rule: alarm.ruleName,
  entity: labels(alarm),
  startedAt: alarm.startedAt,
  recoveredAt: alarm.recoveredAt,
  acknowledgedBy: alarm.acknowledgedBy,
  message: alarm.event.message,
});

const labels = ({ entity }: Entity): string =>
  entity.map(({ name, value }) => `${name}=${value ?? ''}`).join(' ');

function filterOfAlarms(call: Call): Row {
  const severities = call.list('severity').map((severity) => severity.toUpperCase());
  const lists = {
    states: statesOf(call.list('state')),
    rules: call.list('rule'),
    namespaces: call.list('ns'),
    severities,
    tags: call.list('tag'),
  };
  const given = Object.entries(lists).filter(([, values]) => values.length > 0);
  const entity = call.text('entity');
  const time = timeRangeOf(call);
  return {
    ...Object.fromEntries(given),
    ...(entity !== undefined && { entity }),
    ...(time !== null && { time }),
    ...(call.flag('unacknowledged') && { acknowledged: false }),
  };
}

function statesOf(given: readonly string[]): readonly string[] {
  if (given.length === 0) return ['FIRING', 'SILENCED', 'OBSERVING_RECOVERY'];
  if (given.some((state) => state.toLowerCase() === 'all')) return [];
  return given.map((text) => {
    const state = states.find((known) => known === text.toUpperCase().replaceAll('-', '_'));
    if (state !== undefined) return state;
    throw usageError(`--state is one of ${states.join(', ')} or all, not "${text}".`);
  });
}

async function rulesOf(call: Call, namespaces: readonly string[]) {
  const gateway = await call.gateway();
  const { alarmRules } = await gateway.ask<{
    alarmRules: readonly (Row & { readonly name: string; readonly definition: unknown })[];
  }>(
    `query ($namespaces: [String!]) {
      alarmRules(namespaces: $namespaces) {
        id name namespace description origin definition enabled firingCount lastFiredAt problem version
        createdAt updatedAt
      }
    }`,
    { namespaces: namespaces.length === 0 ? null : namespaces },
  );
  return alarmRules;
}

async function ruleOf(call: Call): Promise<unknown> {
  const file = call.text('file');
  if (file !== undefined) {
    call.noArguments();
    return await jsonInput(call, file);
  }
  const name = call.argument('the name of a rule, or --file');
  const namespace = call.text('ns');
  const rules = await rulesOf(call, namespace === undefined ? [] : [namespace]);
  const [only, ...others] = rules.filter((rule) => rule.name === name);
  if (only === undefined) throw usageError(`There is no rule ${name}.`);
  if (others.length === 0) return only.definition;
  throw usageError(`There are ${others.length + 1} rules ${name}: name one's --ns.`);
}
