import type { Instant } from '../event/event.ts';
import { wholeMillisecond } from '../event/instant.ts';
import type { OpenStore } from '../store/open.ts';
import type { SinkRow } from '../store/sinks/sink-table.ts';

/** The name of a sink's durable consumer. */
export const sinkConsumer = (sinkId: string): string => `sink:${sinkId}`;
export const replayConsumer = (replayId: string): string => `replay:${replayId}`;

/** The row of a sink that begins now; the database keeps milliseconds. */
export function newSinkRow(
  described: Pick<SinkRow, 'id' | 'namespace' | 'name' | 'origin' | 'owner' | 'spec' | 'secrets'>,
  now: Instant,
): SinkRow {
  const since = wholeMillisecond(now);
  return {
    ...described,
    state: 'ACTIVE',
    stateReason: null,
    stateSince: since,
    deliveredCount: 0,
    failedCount: 0,
    version: 1,
    createdAt: since,
    updatedAt: since,
  };
}

/** Deletes a sink with its replays, cursors and failed deliveries. */
export async function removeSink(
  { sinks, consumers }: Pick<OpenStore, 'sinks' | 'consumers'>,
  id: string,
): Promise<void> {
  const replays = await sinks.replays({ sinkId: id });
  await sinks.delete(id);
  await consumers.remove(sinkConsumer(id));
  for (const replay of replays) await consumers.remove(replayConsumer(replay.id));
}
