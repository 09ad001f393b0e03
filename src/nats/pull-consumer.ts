import { AckPolicy, DeliverPolicy, type JetStreamManager, nanos } from 'nats';
import { consumerNotFound, jetStreamError } from './errors.ts';

const ackWithinMs = 30_000;

export interface PullConsumer {
  readonly name: string;
  /** Messages of one request of NatsPull. */
  readonly maxMessages: number;
  /** Every message of the stream when absent. */
  readonly subject?: string;
}

/** Creates a durable consumer from the stream's beginning, which all gateways share, if it is missing. */
export async function ensurePullConsumer(
  jetStream: JetStreamManager,
  stream: string,
  { name, maxMessages, subject }: PullConsumer,
): Promise<void> {
  try {
    await jetStream.consumers.info(stream, name);
    return;
  } catch (error) {
    if (jetStreamError(error) !== consumerNotFound) throw error;
  }
  await jetStream.consumers.add(stream, {
    durable_name: name,
    ...(subject !== undefined && { filter_subject: subject }),
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWithinMs),
    // NatsPull holds two batches at a time; two more may wait for their redelivery.
    max_ack_pending: 4 * maxMessages,
  });
}
