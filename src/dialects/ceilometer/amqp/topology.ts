import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { CeilometerAmqpSettings } from './settings.ts';

/** A queue of notifications of one level. */
export interface NotificationQueue {
  readonly name: string;
  readonly level: string;
}

/** Messages of the queue; beyond it the oldest are dropped. */
const rejectedMax = 10_000;

const notFound = 404;

/**
 * Declares what the services and their notification agent would: topic exchanges, a queue for each topic
 * and level, bound to every exchange. An existing one is used as it is, because declaring it with
 * other flags is an error.
 */
export async function declareQueues(
  connection: ChannelModel,
  settings: CeilometerAmqpSettings,
): Promise<readonly NotificationQueue[]> {
  const { exchanges, topics, levels, queuePrefix, durable, rejectedQueue } = settings;
  for (const exchange of exchanges) {
    await ensureExchange(connection, exchange, durable);
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
  if (rejectedQueue !== null) {
    await ensureQueue(connection, rejectedQueue, {
      durable: true,
      arguments: { 'x-max-length': rejectedMax },
    });
  }
  return queues;
}

const ensureExchange = (
  connection: ChannelModel,
  exchange: string,
  durable: boolean,
): Promise<void> =>
  ensure(
    connection,
    (channel) => channel.checkExchange(exchange),
    (channel) => channel.assertExchange(exchange, 'topic', { durable }),
  );

/** Declares an exchange, and a queue of the key's name that is bound to it: messages wait there for their first reader. */
export async function declareRoute(
  connection: ChannelModel,
  route: { readonly exchange: string; readonly key: string; readonly durable: boolean },
): Promise<void> {
  const { exchange, key, durable } = route;
  await ensureExchange(connection, exchange, durable);
  await ensureQueue(connection, key, { durable });
  await inChannel(connection, async (channel) => {
    await channel.bindQueue(key, exchange, key);
  });
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

/** Checks whether a queue or exchange exists, and creates it if not. If it does not, the broker closes the channel of the check. */
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
  // An error reaches us as the rejection of the check.
  channel.on('error', () => {});
  await ask(channel);
  await channel.close();
}
