import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import type { Report } from '../../src/event/event.ts';
import { AppendError } from '../../src/journal/append-outcome.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { within } from './nats/harness.ts';
import { report } from './report.ts';

/** Reports without a pause until it is stopped; resolves with the index of each report that was acknowledged. */
export class Storm {
  readonly #acknowledged = new Map<string, number>();
  readonly #callers: Promise<void>[];
  #stopped = false;

  constructor(all: readonly Journal[], callers = 4) {
    this.#callers = Array.from({ length: callers }, (_, n) =>
      this.#report(all[n % all.length] as Journal),
    );
  }

  async more(reports: number): Promise<void> {
    const wanted = this.#acknowledged.size + reports;
    await vi.waitFor(() => expect(this.#acknowledged.size).toBeGreaterThanOrEqual(wanted), within);
  }

  async stop(): Promise<ReadonlyMap<string, number>> {
    this.#stopped = true;
    await Promise.all(this.#callers);
    return this.#acknowledged;
  }

  async #report(journal: Journal): Promise<void> {
    while (!this.#stopped) {
      const reports = Array.from({ length: 5 }, () => report({ id: randomUUID() }));
      for (;;) {
        try {
          const appended = await journal.append(reports);
          for (const [n, { index }] of appended.entries()) {
            this.#acknowledged.set((reports[n] as Report).id, index);
          }
          break;
        } catch (error) {
          expectPassing(error);
          await new Promise(setImmediate);
        }
      }
    }
  }
}

function expectPassing(error: unknown): void {
  if (!(error instanceof AppendError)) expect(error).toBeInstanceOf(Unavailable);
}
