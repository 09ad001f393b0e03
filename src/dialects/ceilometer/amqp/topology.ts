import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { CeilometerAmqpSettings } from './settings.ts';

/** A queue of notifications of one level. */
export interface NotificationQueue {
  readonly name: string;
  readonly level: string;
}

/** Beyond this the oldest are dropped: nobody looks at more. */
const refusedMax = 10_000;

const notFound = 404;

/**
 * Declares what the services and their notification agent would: topic exchanges, a queue for each topic
 * and level, bound to every exchange. What is there already is taken as it is, since declaring it with
 * other flags is an error.
 */
export async function declareQueues(
  connection: ChannelModel,
  settings: CeilometerAmqpSettings,
): Promise<readonly NotificationQueue[]> {
  const { exchanges, topics, levels, queuePrefix, durable, refusedQueue } = settings;
  for (const exchange of exchanges) {
    await ensure(
      connection,
      (channel) => channel.checkExchange(exchange),
      (channel) => channel.assertExchange(exchange, 'topic', { durable }),
    );
  }
  const queues: NotificationQueue[] = [];
  for (const topic of topics) {
    for (const level of levels) {
      const key = `${topic}.${level}`;
      const name = queuePrefix + key;
      await ensureQueue(connection, name, { durable });
      await inChannel(connection, async (channel) => {
        for (const exchange of exchanges) await channel.bindQueue(name, exchange, key);
      });
      queues.push({ name, level });
    }
  }
  if (refusedQueue !== null) {
    await ensureQueue(connection, refusedQueue, {
      durable: true,
      arguments: { 'x-max-length': refusedMax },
    });
  }
  return queues;
}

const ensureQueue = (
  connection: ChannelModel,
  name: string,
  options: { readonly durable: boolean; readonly arguments?: Readonly<Record<string, number>> },
): Promise<void> =>
  ensure(
    connection,
    (channel) => channel.checkQueue(name),
    (channel) => channel.assertQueue(name, options),
  );

type Ask = (channel: ConfirmChannel) => Promise<unknown>;

/** Asks whether a thing is there, and makes it where it is not. The broker closes the channel of an unanswered question. */
async function ensure(connection: ChannelModel, check: Ask, make: Ask): Promise<void> {
  try {
    await inChannel(connection, check);
  } catch (error) {
    if ((error as { code?: unknown }).code !== notFound) throw error;
    await inChannel(connection, make);
  }
}

async function inChannel(connection: ChannelModel, ask: Ask): Promise<void> {
  const channel = await connection.createConfirmChannel();
  // What is wrong reaches us as the rejection of the question.
  channel.on('error', () => {});
  await ask(channel);
  await channel.close();
}
