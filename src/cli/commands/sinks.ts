import { isExclusion } from '../../filter-text/parse.ts';
import type { Call } from '../call.ts';
import type { Group, GroupCommand } from '../command.ts';
import { exitCodes, usageError } from '../exit-code.ts';
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

interface SinkTarget {
  readonly __typename: string;
  readonly [name: string]: unknown;
}

interface Sink extends Row {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly target: SinkTarget;
}

interface Attempt extends Row {
  readonly succeeded: boolean;
  readonly response: string | null;
}

const selection = `id name namespace description origin filter
  target {
    __typename
    ... on WebhookTarget { url headerNames signed timeout }
    ... on NatsTarget { subject }
    ... on KafkaTarget { topic }
    ... on AmqpTarget { exchange routingKey }
    ... on FileTarget { path }
  }
  format delivers order parallel state stateReason stateSince cursor lag { indexes seconds }
  deliveredCount failedCount version createdAt updatedAt`;

const columns = ['name', 'namespace', 'state', 'lag', 'delivered', 'failed', 'to', 'reason'];

const ns = {
  type: 'string',
  short: 'n',
  argument: 'NAME',
  description: 'Its namespace, where the name alone is not enough.',
} as const;

export const sinks: Group = {
  details: 'A sink is named by its name or its id.',
  commands: {
    list: {
      summary: 'List sinks with their state and how far they are behind.',
      options: {
        ns: namespacesOption,
        state: {
          type: 'string',
          multiple: true,
          argument: 'STATE',
          description: 'In these states: failing.',
        },
      },
      async run(call) {
        call.noArguments();
        const states = call.list('state').map((state) => state.toUpperCase());
        const all = await sinksOf(call, call.list('ns'), states);
        const isTable = call.output.format === 'table';
        await call.output.rows(columns, all.map(isTable ? tableRow : (sink) => sink));
        return undefined;
      },
    },
    show: {
      summary: 'Show all of one sink.',
      arguments: 'SINK',
      options: { ns },
      async run(call) {
        await call.output.record(await sinkNamed(call));
        return undefined;
      },
    },
    create: {
      summary: 'Create a sink, and print the secret of a signed webhook, which is shown once.',
      arguments: 'NAME [FILTER]...',
      details: `${filterHelp}\nWithout a filter the sink delivers every event.`,
      isTerm: isExclusion,
      options: {
        ...filterOptions,
        webhook: { type: 'string', argument: 'URL', description: 'Delivers to this URL.' },
        header: {
          type: 'string',
          multiple: true,
          argument: 'NAME:VALUE',
          description: 'A header of its requests.',
        },
        unsigned: { type: 'boolean', description: 'Does not sign its requests.' },
        nats: {
          type: 'string',
          argument: 'SUBJECT',
          description: 'Publishes to this subject of NATS.',
        },
        path: {
          type: 'string',
          argument: 'FILE',
          description: "Appends to this file on the gateway's machine.",
        },
        format: {
          type: 'string',
          argument: 'FORMAT',
          description: 'STANDARD, CLOUDEVENTS_BINARY, SLACK, …',
        },
        'body-template': {
          type: 'string',
          argument: 'TEMPLATE',
          description: 'The body, for --format TEMPLATE.',
        },
        start: {
          type: 'string',
          argument: 'WHERE',
          description: 'now, beginning, an index, or a time such as now-1h; now by default.',
        },
        'in-namespace': {
          type: 'string',
          argument: 'NAME',
          description: 'The namespace of the sink itself.',
        },
        input: {
          type: 'string',
          argument: 'FILE',
          description: 'A SinkInput of the API as JSON; - for standard input.',
        },
      },
      examples: [
        'tidings sinks create errors severity:error --webhook https://hooks.example.org/t',
      ],
      async run(call) {
        const [name, ...terms] = call.arguments;
        const given = call.text('input');
        const input =
          given === undefined ? inputOf(call, name, terms) : await jsonInput(call, given);
        const gateway = await call.gateway();
        const { createSink } = await gateway.ask<{
          createSink: { sink: Sink; secret: string | null };
        }>(
          `mutation ($input: SinkInput!) { createSink(input: $input) { sink { ${selection} } secret } }`,
          { input },
        );
        await call.output.record({ ...createSink.sink, secret: createSink.secret });
        return undefined;
      },
    },
    test: {
      summary: 'Deliver one event now; ends with 1 where the target does not take it.',
      arguments: 'SINK',
      options: { ns },
      async run(call) {
        const { id } = await sinkNamed(call);
        const gateway = await call.gateway();
        const { testSink } = await gateway.ask<{ testSink: Attempt }>(
          'mutation ($id: ID!) { testSink(id: $id) { at indexes succeeded status milliseconds response } }',
          { id },
        );
        await call.output.record(testSink);
        return testSink.succeeded ? undefined : exitCodes.no;
      },
    },
    replay: {
      summary: 'Deliver a part of the past again.',
      arguments: 'SINK [FILTER]...',
      details:
        'The range is --from and --to, or --since and --until. FILTER narrows the filter of the sink.',
      isTerm: isExclusion,
      options: {
        ns,
        ...timeOptions,
        from: { type: 'string', argument: 'INDEX', description: 'The first index.' },
        to: { type: 'string', argument: 'INDEX', description: 'The last index.' },
      },
      examples: [
        'tidings sinks replay errors --since 2h',
        'tidings sinks replay errors --from 1200 --to 1300',
      ],
      async run(call) {
        const [, ...terms] = call.arguments;
        const range = rangeOf(call);
        const filter = terms.length === 0 ? null : filterOf(call, terms);
        const { id } = await sinkNamed(call, true);
        const gateway = await call.gateway();
        const { replaySink } = await gateway.ask<{ replaySink: Row }>(
          `mutation ($id: ID!, $range: ReplayRange!, $filter: EventFilter) {
            replaySink(id: $id, range: $range, filter: $filter) { id state from to cursor deliveredCount failedCount }
          }`,
          { id, range, filter },
        );
        await call.output.record(replaySink);
        return undefined;
      },
    },
    failed: {
      summary: 'List the deliveries that the target rejected.',
      arguments: 'SINK',
      options: { ns, limit: { type: 'string', argument: 'N', description: 'At most N; 30.' } },
      async run(call) {
        const { id } = await sinkNamed(call);
        const gateway = await call.gateway();
        const { sink } = await gateway.ask<{
          sink: { failedDeliveries: { nodes: readonly Row[] } };
        }>(
          `query ($id: ID!, $first: Int!) {
            sink(id: $id) {
              failedDeliveries(first: $first) {
                nodes { id index key status attempts lastStatus lastError nextAttemptAt }
              }
            }
          }`,
          { id, first: call.wholeNumber('limit', 1, 1_000) ?? 30 },
        );
        await call.output.rows(
          ['id', 'index', 'key', 'status', 'attempts', 'nextAttemptAt', 'lastError'],
          sink.failedDeliveries.nodes,
        );
        return undefined;
      },
    },
    retry: {
      summary: 'Try failed deliveries again: all, or those with these ids.',
      arguments: 'SINK [ID]...',
      options: { ns },
      async run(call) {
        const [, ...ids] = call.arguments;
        const { id } = await sinkNamed(call, true);
        const gateway = await call.gateway();
        const { retryFailedDeliveries } = await gateway.ask<{ retryFailedDeliveries: number }>(
          'mutation ($id: ID!, $ids: [ID!]) { retryFailedDeliveries(sinkId: $id, ids: $ids) }',
          { id, ids: ids.length === 0 ? null : ids },
        );
        await call.output.record({ retried: retryFailedDeliveries });
        return undefined;
      },
    },
    pause: changing('Stop delivering; the cursor stays.', 'pauseSink'),
    resume: changing('Go on delivering at the cursor.', 'resumeSink'),
    delete: {
      summary: 'Delete a sink with its failed deliveries.',
      arguments: 'SINK',
      options: { ns },
      async run(call) {
        const { id } = await sinkNamed(call);
        const gateway = await call.gateway();
        await gateway.ask('mutation ($id: ID!) { deleteSink(id: $id) }', { id });
        return undefined;
      },
    },
  },
};

function changing(summary: string, mutation: 'pauseSink' | 'resumeSink'): GroupCommand {
  return {
    summary,
    arguments: 'SINK',
    options: { ns },
    async run(call) {
      const { id } = await sinkNamed(call);
      const gateway = await call.gateway();
      const answer = await gateway.ask<Record<typeof mutation, Sink>>(
        `mutation ($id: ID!) { ${mutation}(id: $id) { ${selection} } }`,
        { id },
      );
      const isTable = call.output.format === 'table';
      await call.output.rows(columns, [isTable ? tableRow(answer[mutation]) : answer[mutation]]);
      return undefined;
    },
  };
}

async function sinksOf(
  call: Call,
  namespaces: readonly string[],
  states: readonly string[],
): Promise<readonly Sink[]> {
  const gateway = await call.gateway();
  const answer = await gateway.ask<{ sinks: readonly Sink[] }>(
    `query ($namespaces: [String!], $states: [SinkState!]) {
      sinks(namespaces: $namespaces, states: $states) { ${selection} }
    }`,
    {
      namespaces: namespaces.length === 0 ? null : namespaces,
      states: states.length === 0 ? null : states,
    },
  );
  return answer.sinks;
}

/** @param hasMore whether further arguments follow the sink */
async function sinkNamed(call: Call, hasMore = false): Promise<Sink> {
  const [first] = call.arguments;
  const wanted = hasMore && first !== undefined ? first : call.argument('the name of the sink');
  const namespace = call.text('ns');
  const all = await sinksOf(call, namespace === undefined ? [] : [namespace], []);
  const byId = all.find(({ id }) => id === wanted);
  if (byId !== undefined) return byId;
  const [only, ...others] = all.filter(({ name }) => name === wanted);
  if (only === undefined) throw usageError(`There is no sink ${wanted}.`);
  if (others.length === 0) return only;
  throw usageError(`There are ${others.length + 1} sinks ${wanted}: name one's --ns.`);
}

function tableRow(sink: Sink): Row {
  const { indexes, seconds } = sink.lag as { indexes: number; seconds: number };
  const { target } = sink;
  return {
    name: sink.name,
    namespace: sink.namespace,
    state: sink.state,
    lag: indexes === 0 ? '0' : `${indexes} (${Math.round(seconds)} s)`,
    delivered: sink.deliveredCount,
    failed: sink.failedCount,
    to: target.url ?? target.subject ?? target.topic ?? target.exchange ?? target.path,
    reason: sink.stateReason,
  };
}

function inputOf(call: Call, name: string | undefined, terms: readonly string[]): Row {
  if (name === undefined) throw usageError('sinks create takes the name of the sink, or --input.');
  const template = call.text('body-template');
  const namespace = call.text('in-namespace');
  const format = call.text('format')?.toUpperCase();
  const start = startOf(call.text('start'));
  return {
    name,
    filter: filterOf(call, terms),
    target: targetOf(call),
    ...(namespace !== undefined && { namespace }),
    ...(format !== undefined && { format }),
    ...(template !== undefined && { template }),
    ...(start !== null && { start }),
  };
}

function targetOf(call: Call): Row {
  const [url, subject, path] = [call.text('webhook'), call.text('nats'), call.text('path')];
  const given = [
    ...(url === undefined ? [] : [{ webhook: webhookOf(call, url) }]),
    ...(subject === undefined ? [] : [{ nats: { subject } }]),
    ...(path === undefined ? [] : [{ file: { path } }]),
  ];
  const [only, ...others] = given;
  if (only !== undefined && others.length === 0) return only;
  throw usageError('sinks create needs one of --webhook, --nats, --path or --input.');
}

function webhookOf(call: Call, url: string): Row {
  const headers = call.list('header').map((header) => {
    const colon = header.indexOf(':');
    if (colon < 1) throw usageError(`--header takes NAME:VALUE, not "${header}".`);
    return { name: header.slice(0, colon), value: header.slice(colon + 1).trim() };
  });
  return { url, signed: !call.flag('unsigned'), ...(headers.length > 0 && { headers }) };
}

function startOf(text: string | undefined): Row | null {
  if (text === undefined) return null;
  if (/^(?:now|beginning)$/i.test(text)) return { at: text.toUpperCase() };
  return /^\d{1,15}$/.test(text) ? { index: Number(text) } : { time: text };
}

function rangeOf(call: Call): Row {
  const time = timeRangeOf(call);
  const from = call.wholeNumber('from', 0, Number.MAX_SAFE_INTEGER);
  const to = call.wholeNumber('to', 0, Number.MAX_SAFE_INTEGER);
  if (time !== null && from === undefined && to === undefined) return { time };
  if (time === null && from !== undefined && to !== undefined) return { indexes: { from, to } };
  throw usageError('sinks replay needs --from and --to, or --since, --until or both.');
}
