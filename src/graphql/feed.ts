import { parseDuration } from '../event/duration.ts';
import type { Event } from '../event/event.ts';
import { type FilterInput, parseId } from '../event/filter-input.ts';
import { InputError, quoted } from '../event/input-error.ts';
import type { FeedBatch, FeedRequest } from '../live/feed.ts';
import type { Batching } from '../live/subscription.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { EventRef } from './event.ts';
import { EventFilterRef, filterOf } from './filter.ts';

const maxBatch = 1_000;
const defaultBatch = 100;
const defaultWait = '50ms';
const maxWaitMicros = 10_000_000;

interface FeedArguments {
  readonly filter?: FilterInput | null | undefined;
  readonly afterIndex?: number | null | undefined;
  readonly journalId?: string | null | undefined;
}

interface BatchArguments extends FeedArguments {
  readonly maxSize?: number | null | undefined;
  readonly maxWait?: string | null | undefined;
}

/** @throws InputError */
export function feedRequestOf(args: FeedArguments, context: GraphContext): FeedRequest {
  const afterIndex = args.afterIndex ?? null;
  if (afterIndex !== null && afterIndex < 0) {
    throw new InputError(['afterIndex'], `afterIndex must not be negative, got ${afterIndex}.`);
  }
  const journalId = args.journalId == null ? null : parseId(args.journalId, ['journalId']);
  return { filter: filterOf(args.filter, context), afterIndex, journalId };
}

/** @throws InputError */
export function batchingOf({ maxSize, maxWait }: BatchArguments): Batching {
  const size = maxSize ?? defaultBatch;
  if (size < 1 || size > maxBatch) {
    throw new InputError(['maxSize'], `maxSize must be between 1 and ${maxBatch}, got ${size}.`);
  }
  const wait = parseDuration(maxWait ?? defaultWait, ['maxWait']);
  if (wait > maxWaitMicros) {
    throw new InputError(
      ['maxWait'],
      `maxWait must be at most 10s, got ${quoted(maxWait ?? defaultWait)}.`,
    );
  }
  return { maxSize: size, maxWaitMicros: wait };
}

const EventBatchRef = builder.objectRef<FeedBatch>('EventBatch').implement({
  description: 'Events of a feed, in index order.',
  fields: (t) => ({
    index: t.expose('index', {
      type: 'SafeInt',
      description: 'Everything that matches up to here has been sent: the token to resume from.',
    }),
    events: t.expose('events', {
      type: [EventRef],
      description:
        'Empty in a checkpoint: at least every 10 s while the journal advances and nothing matches, so that a ' +
        "sparse filter's token does not age.",
    }),
  }),
});

// The gateway's own sockets share one execution among equal subscriptions and never call these `subscribe`
// functions; they are for every other executor of this schema.

async function* eventsOf(request: FeedRequest, { openFeed }: GraphContext): AsyncGenerator<Event> {
  const ended = new AbortController();
  try {
    for await (const { events } of openFeed(request, ended.signal)) yield* events;
  } finally {
    ended.abort();
  }
}

async function* batchesOf(
  request: FeedRequest,
  { maxSize }: Batching,
  { openFeed }: GraphContext,
): AsyncGenerator<FeedBatch> {
  const ended = new AbortController();
  try {
    for await (const batch of openFeed(request, ended.signal)) yield* split(batch, maxSize);
  } finally {
    ended.abort();
  }
}

/** A batch in pieces of at most `maxSize` events, each with the index to resume after. */
function* split({ index, events }: FeedBatch, maxSize: number): Generator<FeedBatch> {
  let rest = events;
  while (rest.length > maxSize) {
    const piece = rest.slice(0, maxSize);
    rest = rest.slice(maxSize);
    yield { index: piece.at(-1)?.index ?? index, events: piece };
  }
  yield { index, events: rest };
}

builder.subscriptionField('events', (t) =>
  t.field({
    type: EventRef,
    description:
      'Every event that matches, once, in index order, as it is recorded. afterIndex resumes: everything ' +
      'recorded after that index comes first, from the store, then the live feed, with no gap and no repeat ' +
      'between them. Without it the feed begins now; 0 replays all that is kept. ' +
      'Ends with extensions.code SLOW_CONSUMER (and lastIndex) when the client reads too slowly, and ' +
      'INDEX_EXPIRED (and firstIndex) when afterIndex is older than what is kept, INDEX_AHEAD (and lastIndex) ' +
      'when the journal has not got that far, OTHER_JOURNAL when journalId is given and is not that of this journal. ' +
      'A filter that few events match wants eventBatches: its checkpoints keep the index to resume from recent.',
    args: {
      filter: t.arg({ type: EventFilterRef, description: 'Which events; all without it.' }),
      afterIndex: t.arg({
        type: 'SafeInt',
        description: 'The index of the last event that was received.',
      }),
      journalId: t.arg.id({
        description: 'The id of the journal that afterIndex belongs to, from the journal query.',
      }),
    },
    subscribe: (_root, args, context) => eventsOf(feedRequestOf(args, context), context),
    resolve: (event) => event,
  }),
);

builder.subscriptionField('eventBatches', (t) =>
  t.field({
    type: EventBatchRef,
    description: 'The same feed, many events a message: for followers that want throughput.',
    args: {
      filter: t.arg({ type: EventFilterRef, description: 'Which events; all without it.' }),
      afterIndex: t.arg({
        type: 'SafeInt',
        description: 'The index of the last batch that was received.',
      }),
      journalId: t.arg.id({
        description: 'The id of the journal that afterIndex belongs to, from the journal query.',
      }),
      maxSize: t.arg.int({
        required: true,
        defaultValue: defaultBatch,
        description: `How many events a batch holds at most: 1 to ${maxBatch}.`,
      }),
      maxWait: t.arg({
        type: 'Duration',
        required: true,
        defaultValue: defaultWait,
        description: 'How long a batch may wait for more events: at most 10s.',
      }),
    },
    subscribe: (_root, args, context) =>
      batchesOf(feedRequestOf(args, context), batchingOf(args), context),
    resolve: (batch) => batch,
  }),
);
