import { randomUUID } from 'node:crypto';
import type { TestGateway } from '../harness.ts';

/** Gateways that share one journal and one store: one, or several. */
export interface Gateways extends AsyncDisposable {
  readonly gateways: readonly [TestGateway, ...TestGateway[]];
}

interface Result {
  readonly __typename: 'ReportedEvent' | 'RejectedEvent';
  readonly id: string;
  readonly index: number;
  readonly status: string;
  readonly errors: readonly { path: readonly string[]; code: string; message: string }[];
}

/** Reports through one gateway and reads from another. */
export class Session {
  readonly #gateways: () => Gateways;

  /** @param gateways known once they have been booted */
  constructor(gateways: () => Gateways) {
    this.#gateways = gateways;
  }

  get writer(): TestGateway {
    return this.#gateways().gateways[0];
  }

  get reader(): TestGateway {
    return this.#gateways().gateways.at(-1) ?? this.writer;
  }

  /** Reports events under a tag that no other test uses, and returns the answer. */
  async report(events: readonly object[], tag = `test:${randomUUID()}`) {
    const tagged = events.map((event: { tags?: string[] }) => ({
      ...event,
      tags: [...(event.tags ?? []), tag],
    }));
    const { reportEvents: payload } = await this.writer.gql<{
      reportEvents: { accepted: number; rejected: number; results: Result[] };
    }>(mutation, { events: tagged });
    const { results } = payload;
    const indexes = results.map(({ index }) => index);
    // The reader may be notified of the stored index a moment after the writer.
    const minIndex = Math.max(0, ...indexes.filter(Number.isSafeInteger));
    return { tag, payload, results, indexes, minIndex };
  }
}

const mutation = `mutation ($events: [EventInput!]!) {
  reportEvents(events: $events) {
    accepted
    rejected
    results {
      __typename
      ... on ReportedEvent { id index status }
      ... on RejectedEvent { errors { path code message } }
    }
  }
}`;
