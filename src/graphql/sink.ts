import type { Json } from '../event/event.ts';
import type { DeliveryAttempt } from '../sinks/sender.ts';
import type { SinkInput } from '../sinks/spec.ts';
import {
  type SinkOrigin,
  type SinkRow,
  type SinkState,
  sinkStates,
} from '../store/sinks/sink-table.ts';
import { builder } from './builder.ts';
import { described } from './enums.ts';
import {
  allStatuses,
  FailedDeliveryConnectionRef,
  FailedDeliveryStatusEnum,
  indexAfter,
} from './failed-delivery.ts';
import { listOf, namesOf } from './limits.ts';
import { pageSize } from './page-size.ts';
import { sinkCallerIn } from './sink-caller.ts';
import { SinkDeliveryEnum, SinkFormatEnum, SinkOrderEnum } from './sink-input.ts';
import { SinkReplayRef } from './sink-replay.ts';
import { type GivenTarget, SinkTargetRef } from './sink-target.ts';

const maxAttempts = 1_000;
const maxFailedDeliveries = 1_000;

export const SinkOriginEnum = builder.enumType('SinkOrigin', {
  description: 'Who declared a sink.',
  values: {
    API: { description: 'Made through this API.' },
    FILE: {
      description:
        'Declared in a configuration file; it can be paused, tested and replayed here, not changed.',
    },
  } satisfies Record<SinkOrigin, { description: string }>,
});

const SinkStateEnum = builder.enumType('SinkState', {
  description: 'Whether a sink delivers.',
  values: described(sinkStates, {
    ACTIVE: 'It delivers.',
    PAUSED: 'By a person, or because its owner may no longer read.',
    FAILING:
      'The target does not answer or rejects everything; the cursor stays, and it is tried again with growing pauses.',
    BLOCKED: 'Too many failed deliveries are waiting; nothing is dropped, so nothing more is sent.',
    DISABLED: 'Given up, or told by the target that it is gone.',
  } satisfies Record<SinkState, string>),
});

export const DeliveryAttemptRef = builder.objectRef<DeliveryAttempt>('DeliveryAttempt').implement({
  description: 'One attempt to deliver a message.',
  fields: (t) => ({
    at: t.field({
      type: 'DateTime',
      description: 'When it ended.',
      resolve: ({ atMs }) => atMs * 1_000,
    }),
    indexes: t.field({
      type: ['SafeInt'],
      description: 'Indexes of the events in it.',
      resolve: ({ indexes }) => indexes,
    }),
    succeeded: t.exposeBoolean('succeeded', { description: 'Whether the target took it.' }),
    status: t.exposeInt('status', {
      nullable: true,
      description: "The target's status code, where it has such.",
    }),
    milliseconds: t.exposeFloat('milliseconds', { description: 'How long it took.' }),
    response: t.exposeString('response', {
      nullable: true,
      description:
        'The first 1,024 bytes of the answer, or what went wrong. An answer is null for those who may not read all that the owner of the sink may.',
    }),
  }),
});

const SinkLagRef = builder
  .objectRef<{ readonly indexes: number; readonly seconds: number }>('SinkLag')
  .implement({
    description: 'How far a sink is behind the journal.',
    fields: (t) => ({
      indexes: t.expose('indexes', {
        type: 'SafeInt',
        description: 'From the cursor to the end of the journal, whether they match or not.',
      }),
      seconds: t.exposeFloat('seconds', {
        description: 'Age of the oldest event that waits; 0 when none does.',
      }),
    }),
  });

const given = ({ spec }: SinkRow): SinkInput => spec as unknown as SinkInput;

export const SinkRef = builder.objectRef<SinkRow>('Sink').implement({
  description: 'A durable way out: it follows the journal and delivers the events that match.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID.' }),
    name: t.exposeString('name', { description: 'Unique in its namespace.' }),
    namespace: t.exposeString('namespace', { description: 'Where it belongs.' }),
    description: t.string({
      nullable: true,
      description: 'For people.',
      resolve: (row) => given(row).description ?? null,
    }),
    origin: t.expose('origin', { type: SinkOriginEnum, description: 'Who declared it.' }),
    filter: t.field({
      type: 'JSON',
      nullable: true,
      description: 'As it was given.',
      resolve: (row) => (given(row).filter ?? null) as Json,
    }),
    target: t.field({
      type: SinkTargetRef,
      description: 'Where it delivers to.',
      resolve: (row) => given(row).target as GivenTarget,
    }),
    format: t.field({
      type: SinkFormatEnum,
      description: 'In which form.',
      resolve: (row) => given(row).format,
    }),
    delivers: t.field({
      type: SinkDeliveryEnum,
      description: 'Which changes of an event.',
      resolve: (row) => given(row).delivers,
    }),
    order: t.field({
      type: SinkOrderEnum,
      description: 'Which deliveries wait for each other.',
      resolve: (row) => given(row).order,
    }),
    parallel: t.int({
      description: 'Requests under way at a time.',
      resolve: (row) => given(row).parallel,
    }),
    state: t.expose('state', { type: SinkStateEnum, description: 'Whether it delivers.' }),
    stateReason: t.exposeString('stateReason', {
      nullable: true,
      description: 'Why, as a sentence.',
    }),
    stateSince: t.expose('stateSince', { type: 'DateTime', description: 'Since when.' }),
    cursor: t.field({
      type: 'SafeInt',
      description: 'Everything up to here is delivered, failed and kept, or does not match.',
      resolve: (row, _args, { sinks }) => sinks.views.cursor(row),
    }),
    lag: t.field({
      type: SinkLagRef,
      description: 'How far it is behind the journal.',
      resolve: (row, _args, { sinks }) => sinks.views.lag(row),
    }),
    deliveredCount: t.expose('deliveredCount', {
      type: 'SafeInt',
      description: 'Events delivered since the sink was made, repeats included.',
    }),
    failedCount: t.expose('failedCount', {
      type: 'SafeInt',
      description: 'Failed deliveries since the sink was made.',
    }),
    failedDeliveries: t.field({
      type: FailedDeliveryConnectionRef,
      description: 'Events that the target rejected, by index; 1000 a page at most.',
      args: {
        statuses: t.arg({ type: [FailedDeliveryStatusEnum], description: 'Of these alone.' }),
        first: t.arg.int({ required: true, defaultValue: 30, description: 'How many at most.' }),
        after: t.arg.string({ description: 'Only those after this cursor.' }),
      },
      resolve: async ({ id }, { statuses, first, after }, { sinks: { failedDeliveries } }) => {
        const size = pageSize(first, { argument: 'first', max: maxFailedDeliveries });
        const wanted = statuses == null ? allStatuses : listOf(statuses, 'names');
        const afterIndex = indexAfter(after);
        return {
          page: await failedDeliveries.page(id, { statuses: wanted, first: size, afterIndex }),
          hasPreviousPage: after != null,
          totalCount: () => failedDeliveries.totalCount(id, wanted),
        };
      },
    }),
    attempts: t.field({
      type: [DeliveryAttemptRef],
      description:
        'The latest attempts, newest first; the last 1,000 are kept, in the memory of the gateway that runs the sink.',
      args: {
        first: t.arg.int({ required: true, defaultValue: 30, description: 'How many at most.' }),
      },
      resolve: (row, { first }, context) =>
        context.sinks.views.attempts(
          sinkCallerIn(context),
          row,
          pageSize(first, { argument: 'first', max: maxAttempts }),
        ),
    }),
    replays: t.field({
      type: [SinkReplayRef],
      description: 'Its replays, the newest first.',
      resolve: ({ id }, _args, { sinks }) => sinks.management.replays(id),
    }),
    definition: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'As it was given, in the form of SinkInput: what to change and hand to updateSink. Without secrets: values of ' +
        'headers are empty, and an update without headers leaves them as they are. Null for a sink of a file.',
      resolve: ({ origin, spec }) => (origin === 'API' ? spec : null),
    }),
    version: t.exposeInt('version', { description: 'Grows with every change of what was given.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was changed.' }),
  }),
});

builder.queryField('sinks', (t) =>
  t.field({
    type: [SinkRef],
    description: 'Sinks that the caller may see, by name.',
    args: {
      namespaces: t.arg.stringList({ description: 'In one of these namespaces.' }),
      states: t.arg({ type: [SinkStateEnum], description: 'In one of these states.' }),
    },
    resolve: (_root, { namespaces, states }, context) =>
      context.sinks.management.list(sinkCallerIn(context), {
        namespaces: namesOf(namespaces, 'names'),
        states: states == null ? null : listOf(states, 'names'),
      }),
  }),
);

builder.queryField('sink', (t) =>
  t.field({
    type: SinkRef,
    nullable: true,
    description: 'One sink by its id; null when there is none that the caller may see.',
    args: { id: t.arg.id({ required: true, description: 'A UUID.' }) },
    resolve: (_root, { id }, context) => context.sinks.management.find(sinkCallerIn(context), id),
  }),
);

builder.subscriptionField('sinkChanges', (t) =>
  t.field({
    type: SinkRef,
    description:
      'A sink whenever its state, its cursor or its counts change, at most once a second.',
    args: { ids: t.arg.idList({ description: 'These sinks alone.' }) },
    subscribe: (_root, { ids }, context) =>
      context.sinks.views.changes(
        sinkCallerIn(context),
        ids == null ? null : listOf(ids, 'names').map(String),
      ),
    resolve: (row) => row,
  }),
);
