import { type MsgHdrs, headers as natsHeaders } from 'nats';
import type { Event } from '../../event/event.ts';
import type { NatsLink } from '../../nats/connection.ts';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  type Target,
  targetFailed,
} from '../target.ts';
import type { TokenTemplate } from '../template.ts';

/** How long JetStream has to acknowledge. */
const timeoutMs = 5_000;
/** How long it is remembered whether a subject belongs to a stream, and of how many subjects. */
const rememberedMs = 60_000;
const maxRemembered = 10_000;
const subjectHeader = 'tidings-subject';

/**
 * Publishes messages to NATS: to JetStream, which acknowledges them, where a stream has the subject; to core NATS
 * elsewhere, where nobody says whether somebody listens.
 */
export class NatsTarget implements Target {
  readonly #link: NatsLink;
  readonly #subjectOf: TokenTemplate;
  readonly #streams = new Map<string, { readonly hasStream: boolean; readonly untilMs: number }>();

  constructor(link: NatsLink, subjectOf: TokenTemplate) {
    this.#link = link;
    this.#subjectOf = subjectOf;
  }

  addressOf(event: Event): Readonly<Record<string, string>> {
    return { [subjectHeader]: this.#subjectOf(event) };
  }

  async deliver(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    const { message } = delivery;
    // A gap is about no event.
    const subject = message.headers[subjectHeader] ?? this.#subjectOf(null);
    const max = this.#link.maxPayloadBytes;
    if (max !== null && bytesOf(delivery) > max) {
      const response = `The message is larger than the ${max} bytes that NATS takes.`;
      return { kind: 'MESSAGE_REJECTED', status: null, response, final: true };
    }
    try {
      return await this.#publish(subject, delivery);
    } catch (error) {
      delivery.signal.throwIfAborted();
      return targetFailed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #publish(subject: string, delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    const connection = this.#link.current;
    const headers = headersOf(delivery);
    const { body } = delivery.message;
    if (await this.#hasStream(subject)) {
      const { stream, seq, duplicate } = await connection
        .jetstream()
        .publish(subject, body, { headers, msgID: delivery.messageId, timeout: timeoutMs });
      const response = `${stream} ${seq}${duplicate ? ' duplicate' : ''}`;
      return { kind: 'DELIVERED', status: null, response };
    }
    connection.publish(subject, body, { headers });
    await connection.flush();
    return { kind: 'DELIVERED', status: null, response: null };
  }

  async #hasStream(subject: string): Promise<boolean> {
    const known = this.#streams.get(subject);
    const now = performance.now();
    if (known !== undefined && known.untilMs > now) return known.hasStream;
    const manager = await this.#link.current.jetstreamManager({ checkAPI: false });
    const names = await manager.streams.names(subject).next();
    const hasStream = names.length > 0;
    if (this.#streams.size >= maxRemembered) this.#streams.clear();
    this.#streams.set(subject, { hasStream, untilMs: now + rememberedMs });
    return hasStream;
  }
}

/** As NATS counts them: the body, and each header as a line. */
function bytesOf(delivery: DeliveryRequest): number {
  const lines = [...headersOf(delivery)].flatMap(([name, values]) =>
    values.map((value) => Buffer.byteLength(`${name}: ${value}\r\n`)),
  );
  const headerBytes = lines.reduce((sum, bytes) => sum + bytes, 'NATS/1.0\r\n\r\n'.length);
  return headerBytes + Buffer.byteLength(delivery.message.body);
}

function headersOf({ message, headers, messageId }: DeliveryRequest): MsgHdrs {
  const all = natsHeaders();
  const given = { ...message.headers, ...headers, 'Content-Type': message.contentType };
  for (const [name, value] of Object.entries(given)) all.set(name, value);
  all.set('Nats-Msg-Id', messageId);
  return all;
}
