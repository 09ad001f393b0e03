import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamManager,
  type NatsConnection,
  nanos,
  nuid,
} from 'nats';
import type { NatsStream } from './stream.ts';

/** The stored reports that stay in the stream: those that exceed either limit are removed. */
export interface StreamKeep {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/**
 * Removes the oldest reports from the stream, and none after the index that is stored: unlike limits of the
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
  const excess = bytes > keep.maxBytes ? Math.ceil(messages * (1 - keep.maxBytes / bytes)) : 0;
  const young = await sequenceSince(jetStream, stream.name, Date.now() - keep.maxAgeMs);
  const from = Math.min(Math.max(firstSequence + excess, young), storedIndex - base + 1);
  if (from > firstSequence) await jetStream.streams.purge(stream.name, { seq: from });
}

/** The first sequence at or after a moment: JetStream answers it for a consumer that is to begin there. */
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
