import { setImmediate } from 'node:timers/promises';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import type { ReportResult } from '../../../intake/intake.ts';
import {
  type PersistentReportOptions,
  reportPersistently,
} from '../../../intake/persistent-report.ts';
import type { SkipCounter } from '../../../telemetry/skip-counter.ts';
import type { Ceilometer, Reading } from '../ceilometer.ts';

interface Delivery {
  readonly message: ConsumeMessage;
  readonly level: string;
}

export interface InboxParts {
  readonly channel: ConfirmChannel;
  readonly ceilometer: Ceilometer;
  readonly skipped: SkipCounter;
  readonly rejectedQueue: string | null;
  /** Called after every batch that was acknowledged. */
  readonly taken: () => void;
  readonly report: PersistentReportOptions;
}

/**
 * Reports the messages of the queues in batches: messages that arrive while a batch is being reported make the next
 * one. A message is acknowledged once its event is in the journal, or once it was dropped or set aside. The channel's
 * prefetch is the limit of the messages that wait here.
 */
export class AmqpInbox {
  readonly #parts: InboxParts;
  readonly #waiting: Delivery[] = [];
  #working: Promise<void> | null = null;
  #fail: (error: unknown) => void = () => {};
  /** Rejects when a batch failed: nothing of it was acknowledged, and nothing will be any more. */
  readonly failure = new Promise<never>((_, reject) => {
    this.#fail = reject;
  });

  constructor(parts: InboxParts) {
    this.#parts = parts;
    // It may fail before anybody waits for it.
    this.failure.catch(() => {});
  }

  /** @param level that of the queue */
  add(message: ConsumeMessage, level: string): void {
    this.#waiting.push({ message, level });
    this.#working ??= this.#work();
  }

  /** Resolves once nothing waits. */
  async emptied(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    // Messages that arrive together become one batch.
    await setImmediate();
    try {
      const { maxBatch } = this.#parts.report;
      while (this.#waiting.length > 0) {
        await this.#take(this.#waiting.splice(0, maxBatch));
      }
      this.#working = null;
    } catch (error) {
      this.#fail(error);
    }
  }

  async #take(batch: readonly Delivery[]): Promise<void> {
    const { channel, ceilometer, report, taken } = this.#parts;
    const readings = batch.map(({ message, level }) =>
      ceilometer.readText(message.content.toString('utf8'), level),
    );
    const drafts = readings.flatMap((reading) =>
      reading.outcome === 'event' ? [{ ...reading.draft, clock: 'ARRIVAL' as const }] : [],
    );
    const results = (await reportPersistently(drafts, report)).values();
    const aside: Promise<void>[] = [];
    for (const [at, { message }] of batch.entries()) {
      const reason = rejectionOf(readings[at], () => results.next().value);
      if (reason !== null) aside.push(this.#setAside(message, reason));
    }
    await Promise.all(aside);
    for (const { message } of batch) channel.ack(message);
    taken();
  }

  /** An unreadable message stays unreadable: it is logged, and kept in a queue for a person to look at. */
  async #setAside(message: ConsumeMessage, reason: string): Promise<void> {
    const { channel, skipped, rejectedQueue } = this.#parts;
    skipped.skip(message.content, reason);
    if (rejectedQueue === null) return;
    const { exchange, routingKey } = message.fields;
    await new Promise<void>((resolve, reject) => {
      const headers = { reason, exchange, routingKey };
      channel.sendToQueue(rejectedQueue, message.content, { persistent: true, headers }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }
}

/** Why a message is to be set aside; null for one that was taken or dropped. */
function rejectionOf(
  reading: Reading | undefined,
  reported: () => ReportResult | undefined,
): string | null {
  if (reading?.outcome === 'rejected') return reading.reason;
  if (reading?.outcome !== 'event') return null;
  const result = reported();
  return result?.status === 'REJECTED' ? (result.errors[0]?.message ?? 'It was rejected.') : null;
}
