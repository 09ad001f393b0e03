import type { Event } from '../event/event.ts';
import type { FailedDelivery } from '../store/sinks/failed-delivery-table.ts';
import type { Ordered, SinkOrder } from './ordered-queue.ts';

/** An event that waits to be delivered. */
export interface EventJob extends Ordered {
  readonly kind: 'EVENT';
  readonly event: Event;
  /** To be called once: the event is delivered, or kept as a failed delivery. */
  readonly settle: () => void;
  /** Failed together with others before: it goes alone now. */
  alone: boolean;
  /** Server errors that this event was answered, and when the first of them came. */
  serverErrors: number;
  firstServerErrorAtMs: number;
}

/** A failed delivery whose next attempt is due. */
interface RetryJob extends Ordered {
  readonly kind: 'RETRY';
  readonly failed: FailedDelivery;
}

export type Job = EventJob | RetryJob;

/** The key by which an event is ordered; the id where it has no key. */
function orderKey(order: SinkOrder, event: Event): string {
  switch (order) {
    case 'KEY':
      return event.key ?? event.id;
    case 'STRICT':
      return '';
    case 'NONE':
      return String(event.index);
  }
}

export const eventJob = (event: Event, order: SinkOrder, settle: () => void): EventJob => ({
  kind: 'EVENT',
  key: orderKey(order, event),
  index: event.index,
  event,
  settle,
  alone: false,
  serverErrors: 0,
  firstServerErrorAtMs: 0,
});

export const retryJob = (failed: FailedDelivery): RetryJob => ({
  kind: 'RETRY',
  key: failed.orderKey,
  index: failed.index,
  failed,
  alone: true,
});

/** The id of a message: that of its only event, or of its first and last. */
export function messageIdOf(events: readonly Event[]): string {
  const [first, last] = [events[0], events.at(-1)];
  const id = `evt_${first?.id}_${first?.index}`;
  return first === last ? id : `${id}_${last?.index}`;
}

/** The event that a message is about; the first of several. */
export function eventOfMessageId(messageId: string): {
  readonly id: string;
  readonly index: string;
} {
  const [, id = '', index = ''] = messageId.split('_');
  return { id, index };
}

/** An event that is answered this many server errors, while others pass, is at fault itself. */
const serverErrorsOfOneEvent = 3;
const serverErrorsWithinMs = 30_000;

/** Notes a server error. @returns whether the event is at fault: others passed meanwhile */
export function isAtFault(job: EventJob, nowMs: number, lastSuccessAtMs: number): boolean {
  if (job.serverErrors === 0 || nowMs - job.firstServerErrorAtMs > serverErrorsWithinMs) {
    job.serverErrors = 0;
    job.firstServerErrorAtMs = nowMs;
  }
  job.serverErrors += 1;
  return job.serverErrors >= serverErrorsOfOneEvent && lastSuccessAtMs >= job.firstServerErrorAtMs;
}
