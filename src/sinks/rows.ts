import type { OpenStore } from '../store/open.ts';

/** The name of a sink's durable consumer. */
export const sinkConsumer = (sinkId: string): string => `sink:${sinkId}`;
export const replayConsumer = (replayId: string): string => `replay:${replayId}`;

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
