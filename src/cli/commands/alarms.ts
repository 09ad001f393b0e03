import { isExclusion } from '../../filter-text/parse.ts';
import type { Call } from '../call.ts';
import type { Group } from '../command.ts';
import { usageError } from '../exit-code.ts';
import { expiryOf } from '../expiry.ts';
import {
  filterHelp,
  filterOf,
  filterOptions,
  namespacesOption,
  timeOptions,
  timeRangeOf,
} from '../filter-options.ts';
import { jsonInput } from '../json-input.ts';
import type { Row } from '../output/value-at.ts';
import { type Hidden, visible, withVisibleFields } from '../visible-fields.ts';

interface Entity {
  readonly entity: readonly { readonly name: string; readonly value: string | null }[];
}

interface Alarm extends Row, Entity {
  readonly event: { readonly severity: string; readonly message?: string | null };
}

const states = ['FIRING', 'SILENCED', 'OBSERVING_RECOVERY', 'RECOVERED'] as const;

const selectionOf = (hidden: Hidden): string =>
  visible(hidden, [
    ['id ruleName state entity { name value } startedAt recoveredAt', null],
    ['value latestValue', 'TRAITS'],
    ['acknowledgedAt acknowledgedBy comment event { index namespace type severity key', null],
    ['message', 'MESSAGE'],
    ['tags }', null],
  ]);

interface Rule extends Row {
  readonly id: string;
  readonly name: string;
  readonly definition: unknown;
  readonly version: number;
}

const ruleSelection = `id name namespace description origin definition enabled firingCount lastFiredAt problem
  version createdAt updatedAt`;
const silenceSelection = 'id namespace rules filter until comment createdBy createdAt';

const ruleFileHelp = 'FILE has an AlarmRuleInput of the API as JSON: docs/alarms.md describes it.';
const ruleFile = {
  type: 'string',
  short: 'f',
  argument: 'FILE',
  description: 'The rule as JSON; - for standard input.',
} as const;
const ruleNamespace = {
  type: 'string',
  short: 'n',
  argument: 'NAME',
  description: 'The namespace of the rule, where the name alone is not enough.',
} as const;

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
        const filter = filterOfAlarms(call);
        const first = call.wholeNumber('limit', 1, 1_000) ?? 30;
        const { alarms: found } = await withVisibleFields(gateway, (hidden) =>
          gateway.ask<{ alarms: { nodes: readonly Alarm[] } }>(
            `query ($filter: AlarmFilter, $first: Int!) {
              alarms(filter: $filter, first: $first) { nodes { ${selectionOf(hidden)} } }
            }`,
            { filter, first },
          ),
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
        await printRules(call, await rulesOf(call, call.list('ns')));
        return undefined;
      },
    },
    create: {
      summary: 'Create a rule.',
      details: ruleFileHelp,
      options: { file: ruleFile },
      examples: ['tidings alarms create --file rule.json'],
      async run(call) {
        call.noArguments();
        const input = await jsonInput(call, requiredFile(call));
        const gateway = await call.gateway();
        const { createAlarmRule } = await gateway.ask<{ createAlarmRule: Row }>(
          `mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { ${ruleSelection} } }`,
          { input },
        );
        await printRules(call, [createAlarmRule]);
        return undefined;
      },
    },
    update: {
      summary: 'Replace a rule.',
      arguments: 'RULE',
      details: ruleFileHelp,
      options: { file: ruleFile, ns: ruleNamespace },
      examples: ['tidings alarms update slow-rebuild --file rule.json'],
      async run(call) {
        const input = await jsonInput(call, requiredFile(call));
        const { id, version } = await ruleNamed(call);
        const gateway = await call.gateway();
        const { updateAlarmRule } = await gateway.ask<{ updateAlarmRule: Row }>(
          `mutation ($id: ID!, $input: AlarmRuleInput!, $version: Int) {
            updateAlarmRule(id: $id, input: $input, version: $version) { ${ruleSelection} }
          }`,
          { id, input, version },
        );
        await printRules(call, [updateAlarmRule]);
        return undefined;
      },
    },
    delete: {
      summary: 'Delete a rule; its alarms that are firing end.',
      arguments: 'RULE',
      options: { ns: ruleNamespace },
      async run(call) {
        const { id } = await ruleNamed(call);
        const gateway = await call.gateway();
        await gateway.ask('mutation ($id: ID!) { deleteAlarmRule(id: $id) }', { id });
        call.terminal.notice(`Deleted ${call.arguments[0]}.`);
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
        file: ruleFile,
        ns: ruleNamespace,
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
        const id = call.argument('the id of the alarm');
        const comment = call.text('comment') ?? null;
        const { acknowledgeAlarm } = await withVisibleFields(gateway, (hidden) =>
          gateway.ask<{ acknowledgeAlarm: Alarm }>(
            `mutation ($id: ID!, $comment: String) {
              acknowledgeAlarm(id: $id, comment: $comment) { ${selectionOf(hidden)} }
            }`,
            { id, comment },
          ),
        );
        await printAlarms(call, [acknowledgeAlarm]);
        return undefined;
      },
    },
    silence: {
      summary: 'Notify nobody of alarms for some time; they are recorded all the same.',
      arguments: '[FILTER]...',
      details: `${filterHelp}\nIt covers alarms to which an event led that matches; without a filter, all of the rules.`,
      isTerm: isExclusion,
      options: {
        ...filterOptions,
        rule: {
          type: 'string',
          multiple: true,
          argument: 'NAME',
          description: 'Of these rules; of all of the namespace without it.',
        },
        'in-namespace': {
          type: 'string',
          argument: 'NAME',
          description: 'The namespace of the rules; default without it.',
        },
        expires: {
          type: 'string',
          argument: 'TIME',
          description: 'When it ends: 2h, or an instant.',
        },
        comment: { type: 'string', argument: 'LINE', description: 'Why.' },
      },
      examples: [
        "tidings alarms silence --rule slow-rebuild --expires 2h --comment 'new disks'",
        "tidings alarms silence node:web-1 --expires 30m --comment 'reboot'",
      ],
      async run(call) {
        const filter = filterOf(call);
        const until = expiryOf(call.text('expires'));
        const comment = call.text('comment');
        if (until === null) throw usageError('alarms silence needs --expires: 2h, or an instant.');
        if (comment === undefined) throw usageError('alarms silence needs a --comment: why.');
        const rules = call.list('rule');
        const namespace = call.text('in-namespace');
        const input = {
          until,
          comment,
          ...(namespace !== undefined && { namespace }),
          ...(rules.length > 0 && { rules }),
          ...(Object.keys(filter).length > 0 && { filter }),
        };
        const gateway = await call.gateway();
        const { createSilence } = await gateway.ask<{ createSilence: Row }>(
          `mutation ($input: SilenceInput!) { createSilence(input: $input) { ${silenceSelection} } }`,
          { input },
        );
        await printSilences(call, [createSilence]);
        return undefined;
      },
    },
    silences: {
      summary: 'List silences that last, newest first.',
      options: { all: { type: 'boolean', description: 'Those that are over as well.' } },
      async run(call) {
        call.noArguments();
        const gateway = await call.gateway();
        const { silences } = await gateway.ask<{ silences: readonly Row[] }>(
          `query ($active: Boolean) { silences(active: $active) { ${silenceSelection} } }`,
          { active: call.flag('all') ? null : true },
        );
        await printSilences(call, silences);
        return undefined;
      },
    },
    unsilence: {
      summary: 'End a silence now.',
      arguments: 'ID',
      async run(call) {
        const gateway = await call.gateway();
        const { endSilence } = await gateway.ask<{ endSilence: Row }>(
          `mutation ($id: ID!) { endSilence(id: $id) { ${silenceSelection} } }`,
          { id: call.argument('the id of the silence') },
        );
        await printSilences(call, [endSilence]);
        return undefined;
      },
    },
  },
};

const printRules = (call: Call, rules: readonly Row[]): Promise<void> =>
  call.output.rows(
    ['name', 'namespace', 'enabled', 'firingCount', 'lastFiredAt', 'problem', 'description'],
    rules,
  );

const printSilences = (call: Call, silences: readonly Row[]): Promise<void> =>
  call.output.rows(
    ['id', 'namespace', 'rules', 'filter', 'until', 'createdBy', 'comment'],
    silences,
  );

function requiredFile(call: Call): string {
  const file = call.text('file');
  if (file !== undefined) return file;
  throw usageError('Give the rule with --file; - is standard input.');
}

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
  const { alarmRules } = await gateway.ask<{ alarmRules: readonly Rule[] }>(
    `query ($namespaces: [String!]) {
      alarmRules(namespaces: $namespaces) {
        ${ruleSelection}
      }
    }`,
    { namespaces: namespaces.length === 0 ? null : namespaces },
  );
  return alarmRules;
}

async function ruleOf(call: Call): Promise<unknown> {
  const file = call.text('file');
  if (file === undefined)
    return (await ruleNamed(call, 'the name of a rule, or --file')).definition;
  call.noArguments();
  return await jsonInput(call, file);
}

async function ruleNamed(call: Call, what = 'the name of a rule'): Promise<Rule> {
  const name = call.argument(what);
  const namespace = call.text('ns');
  const rules = await rulesOf(call, namespace === undefined ? [] : [namespace]);
  const [only, ...others] = rules.filter((rule) => rule.name === name);
  if (only === undefined) throw usageError(`There is no rule ${name}.`);
  if (others.length === 0) return only;
  throw usageError(`There are ${others.length + 1} rules ${name}: name one's --ns.`);
}
