import { parseDuration } from '../event/duration.ts';
import { parseId } from '../event/filter-input.ts';
import { InputError } from '../event/input-error.ts';
import { parseTimeRange } from '../event/time-expression.ts';
import type { SinkRow } from '../store/sinks/sink-table.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { draftOf, EventInputRef } from './event-input.ts';
import { EventFilterRef, TimeRangeRef } from './filter.ts';
import { listOf } from './limits.ts';
import { DeliveryAttemptRef, SinkRef } from './sink.ts';
import { sinkCallerIn } from './sink-caller.ts';
import { SinkInputRef, SinkStartRef } from './sink-input.ts';
import { SinkReplayRef } from './sink-replay.ts';

const idDescription = 'The UUID of a sink.';

const CreateSinkPayloadRef = builder
  .objectRef<{ readonly row: SinkRow; readonly secret: string | null }>('CreateSinkPayload')
  .implement({
    description: 'The answer to createSink.',
    fields: (t) => ({
      sink: t.field({
        type: SinkRef,
        description: 'The sink as it was made.',
        resolve: ({ row }) => row,
      }),
      secret: t.exposeString('secret', {
        nullable: true,
        description: 'The secret that was made, shown here alone; null where none was made.',
      }),
    }),
  });

interface Rotated {
  readonly row: SinkRow;
  readonly secret: string;
  readonly untilMs: number;
}

const RotateSinkSecretPayloadRef = builder.objectRef<Rotated>('RotateSinkSecretPayload').implement({
  description: 'The answer to rotateSinkSecret.',
  fields: (t) => ({
    sink: t.field({ type: SinkRef, description: 'The sink.', resolve: ({ row }) => row }),
    secret: t.exposeString('secret', { description: 'The new secret, shown here alone.' }),
    oldSecretUntil: t.field({
      type: 'DateTime',
      description: 'Until then requests are signed with the old secret as well.',
      resolve: ({ untilMs }) => Math.round(untilMs) * 1_000,
    }),
  }),
});

const IndexRangeRef = builder.inputType('IndexRange', {
  description: 'Indexes, both ends included.',
  fields: (t) => ({
    from: t.field({ type: 'SafeInt', required: true, description: 'The first.' }),
    to: t.field({ type: 'SafeInt', required: true, description: 'The last.' }),
  }),
});

const ReplayRangeRef = builder.inputType('ReplayRange', {
  description: 'A part of the past.',
  isOneOf: true,
  fields: (t) => ({
    indexes: t.field({ type: IndexRangeRef, description: 'By index.' }),
    time: t.field({
      type: TimeRangeRef,
      description:
        'By the time of the events: from the first index to the last of what happened then.',
    }),
  }),
});

builder.mutationField('createSink', (t) =>
  t.field({
    type: CreateSinkPayloadRef,
    description: 'The secret of a signed webhook is shown in this answer and never again.',
    args: { input: t.arg({ type: SinkInputRef, required: true, description: 'The sink.' }) },
    resolve: (_root, { input }, context) =>
      context.sinks.management.create(sinkCallerIn(context), input),
  }),
);

builder.mutationField('updateSink', (t) =>
  t.field({
    type: SinkRef,
    description:
      "Rejected with CONFLICT when version is given and is not the sink's. The cursor stays where it is.",
    args: {
      id: t.arg.id({ required: true, description: idDescription }),
      input: t.arg({ type: SinkInputRef, required: true, description: 'All of it.' }),
      version: t.arg.int({ description: 'The version that the caller has seen.' }),
    },
    resolve: (_root, { id, input, version }, context) =>
      context.sinks.management.update(sinkCallerIn(context), id, {
        input,
        version: version ?? null,
      }),
  }),
);

builder.mutationField('deleteSink', (t) =>
  t.field({
    type: 'ID',
    description: 'Deletes a sink with its failed deliveries, and answers its id.',
    args: { id: t.arg.id({ required: true, description: idDescription }) },
    resolve: (_root, { id }, context) => context.sinks.management.delete(sinkCallerIn(context), id),
  }),
);

builder.mutationField('pauseSink', (t) =>
  t.field({
    type: SinkRef,
    description: 'Delivers no more until it is resumed; the cursor stays.',
    args: {
      id: t.arg.id({ required: true, description: idDescription }),
      reason: t.arg.string({ description: 'For people.' }),
    },
    resolve: (_root, { id, reason }, context) =>
      context.sinks.management.pause(sinkCallerIn(context), id, reason ?? null),
  }),
);

builder.mutationField('resumeSink', (t) =>
  t.field({
    type: SinkRef,
    description: 'Goes on at the cursor, or where from says.',
    args: {
      id: t.arg.id({ required: true, description: idDescription }),
      from: t.arg({ type: SinkStartRef, description: 'Where it goes on.' }),
    },
    resolve: (_root, { id, from }, context) =>
      context.sinks.management.resume(sinkCallerIn(context), id, from ?? null),
  }),
);

builder.mutationField('testSink', (t) =>
  t.field({
    type: DeliveryAttemptRef,
    description:
      'Delivers one event now, once, without moving the cursor: an existing sink, or an input that is not saved. ' +
      'Without an event it is the latest that matches, or one that is made up. With both id and input it is the ' +
      'sink as the input would change it, with the secrets that the input leaves out.',
    args: {
      id: t.arg.id({ description: idDescription }),
      input: t.arg({ type: SinkInputRef, description: 'A sink that is not saved.' }),
      event: t.arg({ type: EventInputRef, description: 'The event, which is not recorded.' }),
    },
    resolve: (_root, { id, input, event }, context) => {
      const draft = event == null ? null : draftOf(event);
      const { views } = context.sinks;
      const caller = sinkCallerIn(context);
      if (input != null) return views.testInput(caller, { id: id ?? null, input }, draft);
      if (id != null) return views.test(caller, id, draft);
      throw new InputError(['id'], 'Give the id of a sink, an input, or both.');
    },
  }),
);

builder.mutationField('replaySink', (t) =>
  t.field({
    type: SinkReplayRef,
    description:
      'Delivers a part of the past again, as well as the live deliveries and with a cursor of its own.',
    args: {
      id: t.arg.id({ required: true, description: idDescription }),
      range: t.arg({ type: ReplayRangeRef, required: true, description: 'Which part.' }),
      filter: t.arg({ type: EventFilterRef, description: 'Only these events of it.' }),
    },
    resolve: async (_root, { id, range, filter }, context) => {
      const { from, to } = await indexesOf(range, context);
      return await context.sinks.management.replay(sinkCallerIn(context), id, {
        from,
        to,
        filter: filter ?? null,
      });
    },
  }),
);

builder.mutationField('cancelSinkReplay', (t) =>
  t.field({
    type: SinkReplayRef,
    description: 'Ends a replay; what it has delivered stays delivered.',
    args: { id: t.arg.id({ required: true, description: 'The UUID of a replay.' }) },
    resolve: (_root, { id }, context) =>
      context.sinks.management.cancelReplay(sinkCallerIn(context), id),
  }),
);

builder.mutationField('retryFailedDeliveries', (t) =>
  t.field({
    type: 'Int',
    description:
      'Puts failed deliveries back in line, all of them when no ids are given; answers how many.',
    args: {
      sinkId: t.arg.id({ required: true, description: idDescription }),
      ids: t.arg.idList({ description: 'UUIDs of failed deliveries.' }),
    },
    resolve: async (_root, { sinkId, ids }, context) => {
      const row = await context.sinks.management.managed(sinkCallerIn(context), sinkId, 'RUN');
      return await context.sinks.failedDeliveries.retry(row.id, uuidsOf(ids));
    },
  }),
);

builder.mutationField('discardFailedDeliveries', (t) =>
  t.field({
    type: 'Int',
    description: 'Deletes failed deliveries, all of them when no ids are given; answers how many.',
    args: {
      sinkId: t.arg.id({ required: true, description: idDescription }),
      ids: t.arg.idList({ description: 'UUIDs of failed deliveries.' }),
    },
    resolve: async (_root, { sinkId, ids }, context) => {
      const row = await context.sinks.management.managed(sinkCallerIn(context), sinkId, 'RUN');
      return await context.sinks.failedDeliveries.discard(row.id, uuidsOf(ids));
    },
  }),
);

builder.mutationField('rotateSinkSecret', (t) =>
  t.field({
    type: RotateSinkSecretPayloadRef,
    description: 'Signs with the new and the old secret until the old one ends.',
    args: {
      id: t.arg.id({ required: true, description: idDescription }),
      keepOld: t.arg({
        type: 'Duration',
        required: true,
        defaultValue: '24h',
        description: 'At most 30d.',
      }),
    },
    resolve: (_root, { id, keepOld }, context) =>
      context.sinks.management.rotate(
        sinkCallerIn(context),
        id,
        parseDuration(keepOld, ['keepOld']) / 1_000,
      ),
  }),
);

const uuidsOf = (ids: readonly string[] | null | undefined): readonly string[] | null =>
  ids == null
    ? null
    : listOf(ids, 'names').map((id, position) => parseId(id, ['ids', String(position)]));

async function indexesOf(
  { indexes, time }: typeof ReplayRangeRef.$inferInput,
  { store, journal, now }: GraphContext,
): Promise<{ readonly from: number; readonly to: number }> {
  const last = await journal.lastIndex();
  if (indexes != null) {
    const { from, to } = indexes;
    if (from < 1 || to < from) {
      throw new InputError(
        ['range', 'indexes'],
        `From ${from} to ${to} is not a range of indexes.`,
      );
    }
    return { from, to: Math.min(to, last) };
  }
  const filter = { time: parseTimeRange(time ?? {}, now, ['range', 'time']) };
  const edge = async (order: 'INDEX_ASC' | 'INDEX_DESC') =>
    (await store.page({ filter, order, limit: 1, fields: ['index'] })).events[0]?.index;
  const [from, to] = [await edge('INDEX_ASC'), await edge('INDEX_DESC')];
  // Nothing happened then: a replay of nothing is done at once.
  return from === undefined || to === undefined ? { from: last + 1, to: last } : { from, to };
}
