import { v7 } from 'uuid';
import { complete } from '../event/completion.ts';
import type { EventDraft } from '../event/draft.ts';
import type { Event, Instant } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import { InputError } from '../event/input-error.ts';
import type { IntakeLimits } from '../intake/limits.ts';
import { validate } from '../intake/validate.ts';
import type { Store } from '../store/store.ts';
import type { SinkDefinition } from './definition.ts';
import { UndeliverableEvent } from './encoder.ts';
import { routingKeyOf } from './secrets.ts';
import { type DeliveryAttempt, Sender } from './sender.ts';

/** Delivers one event now, once. */
export async function testDelivery(
  sinkId: string,
  { spec, secrets, openTarget }: SinkDefinition,
  event: Event,
): Promise<DeliveryAttempt> {
  const attempts: DeliveryAttempt[] = [];
  const routingKey = routingKeyOf(secrets());
  await using target = openTarget();
  const { encoder } = spec;
  const sender = new Sender({
    sinkId,
    encoder,
    target,
    routingKey,
    replay: false,
    tracing: null,
    attempted: (attempt) => attempts.push(attempt),
  });
  const message = sender.encode([event]);
  if (message === null || message instanceof UndeliverableEvent) {
    return notSent(event, message?.message ?? 'The format has nothing to say of this event.');
  }
  const { signal } = new AbortController();
  await sender.events(message, [event], { signal, isHeld: () => true });
  return attempts[0] ?? notSent(event, 'Nothing was sent.');
}

const notSent = ({ index }: Event, response: string): DeliveryAttempt => ({
  atMs: Date.now(),
  indexes: [index],
  succeeded: false,
  status: null,
  milliseconds: 0,
  response,
});

interface TestEventOptions {
  readonly store: Store;
  readonly limits: IntakeLimits;
  readonly now: () => Instant;
}

/** The event of a test: a given one, the latest that matches, or one that is made up. @throws InputError */
export async function testEvent(
  draft: EventDraft | null,
  filter: Filter,
  { store, limits, now }: TestEventOptions,
): Promise<Event> {
  if (draft === null) {
    const { events } = await store.page({ filter, order: 'INDEX_DESC', limit: 1 });
    if (events[0] !== undefined) return events[0];
  }
  const tested = draft ?? {
    id: v7(),
    type: 'Sink.Test',
    message: 'A test of a sink.',
    dialect: 'TIDINGS',
  };
  const report = validate(tested, now(), { limits, storeRaw: true });
  if (!('id' in report)) {
    const [fault] = report;
    throw new InputError(['event', ...(fault?.path ?? [])], fault?.message ?? 'It is not valid.');
  }
  return complete([{ index: Math.max(1, store.storedIndex), report }]);
}
