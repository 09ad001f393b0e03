import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamManager,
  type NatsConnection,
  nanos,
  nuid,
} from 'nats';
import type { NatsStream } from './stream.ts';

/** What of the stored reports stays in the stream: whatever exceeds either goes. */
export interface StreamKeep {
  readonly milliseconds: number;
  readonly bytes: number;
}

/**
 * Removes the oldest reports from the stream, and none behind the index that is stored: unlike limits of the
 * server's own, this never drops what the store has not got.
 */
export async function trimStream(
  connection: NatsConnection,
  stream: NatsStream,
  keep: StreamKeep,
  storedIndex: number,
): Promise<void> {
  const { base, bytes, firstSequence, lastSequence } = await stream.state();
  const jetStream = await connection.jetstreamManager({ checkAPI: false });
  const messages = lastSequence - firstSequence + 1;
  // Messages are taken to be of one size: the next round corrects it.
  const excess = bytes > keep.bytes ? Math.ceil(messages * (1 - keep.bytes / bytes)) : 0;
  const young = await sequenceSince(jetStream, stream.name, Date.now() - keep.milliseconds);
  const from = Math.min(Math.max(firstSequence + excess, young), storedIndex - base + 1);
  if (from > firstSequence) await jetStream.streams.purge(stream.name, { seq: from });
}

/** The first sequence at or behind a moment: JetStream tells it when a consumer is to begin there. */
async function sequenceSince(
  jetStream: JetStreamManager,
  stream: string,
  moment: number,
): Promise<number> {
  const { name, delivered } = await jetStream.consumers.add(stream, {
    name: `tidings-${nuid.next()}`,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(moment).toISOString(),
    inactive_threshold: nanos(5000),
    mem_storage: true,
    num_replicas: 1,
  });
  await jetStream.consumers.delete(stream, name);
  return delivered.stream_seq + 1;
}
