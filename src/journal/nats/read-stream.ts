import { AckPolicy, DeliverPolicy, type JetStreamManager, type Msg, nanos, nuid } from 'nats';
import { NatsPull } from '../../nats/pull.ts';
import type { TaskRun } from '../../nats/supervised-task.ts';
import type { NatsStream, StreamState } from './stream.ts';

export interface ReadOptions {
  /** The first sequence wanted. */
  readonly from: number;
  readonly messages: number;
  readonly bytes: number;
}

/** A message of the stream and its sequence there. */
export interface StreamMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

/** The server removes a consumer that nobody has read from for this time. */
const inactiveMs = 10_000;

/** Each of three servers is as likely: this many miss one of them once in 400 times. */
const maxPlacements = 15;

/** How often a reader that waits looks whether there is something that it is not given. */
const lookEveryMs = 5_000;

/**
 * The stream's messages in order and without a gap, from a sequence on, in batches of whatever is there.
 * All of them are of the stream that `state` is of. Ends when the run does, which is ready once
 * the consumer is there.
 * @throws Error from the iteration when that stream is gone, or anything is missing
 */
export async function* readStream(
  { connection, signal, ready }: TaskRun,
  stream: NatsStream,
  state: StreamState,
  { from, messages, bytes }: ReadOptions,
): AsyncGenerator<readonly StreamMessage[], void> {
  const jetStream = await connection.jetstreamManager({ checkAPI: false, timeout: 3000 });
  const consumer = await addConsumer(jetStream, stream, from);
  try {
    // The consumer goes with its stream: if that is still the same one now, all it delivers is of it.
    const { identity } = await stream.state();
    if (identity !== state.identity) throw new Error('the stream was recreated');
    ready();
    let delivered = 0;
    const pull = new NatsPull(connection, {
      stream: stream.name,
      consumer,
      maxMessages: messages,
      maxBytes: bytes,
      signal,
    });
    const progress = { sequence: from - 1, waits: true };
    using _ = watch(stream, pull, progress);
    for await (const batch of pull) {
      progress.waits = false;
      const read = batch.map((message) => placed(message));
      delivered += read.length;
      if (read.at(-1)?.delivery !== delivered) throw new Error('a message was lost on the way');
      // Sequences without a message: of the first, trimmed ones.
      const passedOver = (read.at(-1)?.sequence ?? 0) - progress.sequence > read.length;
      if (passedOver && progress.sequence >= from) stream.doubt.raise();
      progress.sequence = read.at(-1)?.sequence ?? progress.sequence;
      yield read;
      progress.waits = true;
    }
  } finally {
    if (!connection.isClosed()) {
      jetStream.consumers.delete(stream.name, consumer).catch(() => {});
    }
  }
}

/**
 * The server chooses where a consumer is, and a consumer reads that server's copy. Where copies may differ, that of the leader
 * is wanted: acknowledgements are of it.
 */
async function addConsumer(
  jetStream: JetStreamManager,
  stream: NatsStream,
  from: number,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const { name, cluster } = await jetStream.consumers.add(stream.name, {
      name: `tidings-${nuid.next()}`,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(from, 1),
      inactive_threshold: nanos(inactiveMs),
      mem_storage: true,
      num_replicas: 1,
    });
    const isAtLeader = cluster?.leader === stream.leader;
    const isWanted = isAtLeader || !stream.hasCopies || !stream.doubt.isOpen;
    if (isWanted || attempt === maxPlacements) return name;
    await jetStream.consumers.delete(stream.name, name);
  }
}

/** JetStream puts the place of a message into its reply subject: `$JS.ACK.…`. */
function placed(message: Msg): StreamMessage & { delivery: number } {
  const tokens = (message.reply ?? '').split('.');
  // With a domain and an account before the stream's name there are eleven tokens or more, else nine.
  const name = tokens.length > 9 ? 4 : 2;
  return {
    sequence: Number(tokens[name + 3]),
    delivery: Number(tokens[name + 4]),
    subject: message.subject,
    data: message.data,
  };
}

interface Progress {
  /** The last that was read. */
  sequence: number;
  /** Whether the reader waits for more. */
  waits: boolean;
}

/**
 * In a cluster whose servers come and go a consumer may send heartbeats and nothing else. A reader that waits while the
 * stream has more, twice in a row at the same message, is ended, and begins again with a consumer of its own.
 */
function watch(stream: NatsStream, pull: NatsPull, progress: Progress): Disposable {
  let waitedAt: number | null = null;
  const look = async (): Promise<void> => {
    const { firstSequence, lastSequence } = await stream.state();
    const next = Math.max(progress.sequence + 1, firstSequence);
    const hasMore = progress.waits && lastSequence >= next;
    if (hasMore && waitedAt === progress.sequence) pull.fail('the server holds messages back');
    waitedAt = hasMore ? progress.sequence : null;
  };
  const timer = setInterval(() => {
    if (progress.waits) {
      look().catch(() => {
        // The server may be cut off from the others, and have another end of the stream when it is back.
        if (stream.hasCopies) pull.fail('the stream cannot be asked');
      });
    }
  }, lookEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
