import type { JetStreamManager, StreamConfig, StreamInfo } from 'nats';
import {
  jetStreamError,
  streamNameInUse,
  streamNotFound,
  streamSubjectsOverlap,
} from './errors.ts';

type NewStream = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>;

/** Null where there is no stream of this name. */
export async function findStream(
  jetStream: JetStreamManager,
  name: string,
): Promise<StreamInfo | null> {
  try {
    return await jetStream.streams.info(name);
  } catch (error) {
    if (jetStreamError(error) === streamNotFound) return null;
    throw error;
  }
}

/**
 * Creates a stream, or finds the one of that name that another client has created meanwhile.
 * @throws Error that names the stream whose subjects overlap, where there is one
 */
export async function createStream(
  jetStream: JetStreamManager,
  config: NewStream,
): Promise<StreamInfo> {
  try {
    return await jetStream.streams.add(config);
  } catch (error) {
    // JetStream rejects a stream that exists by its name or by its subjects.
    const code = jetStreamError(error);
    if (code !== streamNameInUse && code !== streamSubjectsOverlap) throw error;
    const found = await findStream(jetStream, config.name);
    if (found !== null) return found;
    throw await overlapOf(jetStream, config, error);
  }
}

async function overlapOf(
  jetStream: JetStreamManager,
  { name, subjects }: NewStream,
  cause: unknown,
): Promise<Error> {
  const wanted = subjects.join(', ');
  for (const subject of subjects) {
    const others = await jetStream.streams.names(subject).next();
    if (others.length === 0) continue;
    return new Error(
      `the stream ${name} cannot be created, because its subjects ${wanted} overlap with those of ` +
        `the stream ${others.join(', ')}: change the subjects of that one, or delete it`,
      { cause },
    );
  }
  return new Error(
    `the stream ${name} cannot be created, because another stream has some of its subjects ${wanted}`,
    { cause },
  );
}
