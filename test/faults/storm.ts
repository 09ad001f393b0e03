import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import { follow } from '../../src/client/follow.ts';

const batchSize = 20;
const mutation = `mutation ($events: [EventInput!]!) {
  reportEvents(events: $events, wait: ACCEPTED) { results { ... on ReportedEvent { id } } }
}`;
const page = `query ($after: String) {
  events(orderBy: INDEX_ASC, first: 1000, after: $after) {
    nodes { id index } pageInfo { endCursor hasNextPage }
  }
}`;

/** Runs one operation; rejects where the gateway is down or answers with errors. */
export async function request<Data>(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(20_000),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown };
  if (data === undefined || errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

/** One result an event; without an id where it was rejected. Rejects where none was recorded. */
async function report(url: string, events: readonly object[]): Promise<readonly { id?: string }[]> {
  interface Answer {
    reportEvents: { results: { id?: string }[] };
  }
  return (await request<Answer>(url, mutation, { events })).reportEvents.results;
}

/** Reports an event, and waits until such a report is answered UNAVAILABLE. */
export async function untilUnavailable(url: string): Promise<void> {
  await vi.waitFor(
    () => expect(report(url, [{ type: 'Storm.Lost' }])).rejects.toThrow('UNAVAILABLE'),
    { timeout: 60_000, interval: 100 },
  );
}

/**
 * Reports without a pause from several connections over several gateways. Every event has an id of its own; a batch
 * that was not answered is reported again, as a careful reporter does, so an id may arrive twice.
 */
export class Storm {
  readonly acknowledged = new Set<string>();
  readonly #urls: readonly string[];
  readonly #reporters: Promise<void>[];
  #over = false;

  constructor(urls: readonly string[], connections = 4) {
    this.#urls = urls;
    this.#reporters = Array.from({ length: connections }, (_, n) => this.#report(n));
  }

  /** Waits until that number of events more were acknowledged. */
  async more(events: number): Promise<void> {
    const target = this.acknowledged.size + events;
    await vi.waitFor(() => expect(this.acknowledged.size).toBeGreaterThanOrEqual(target), {
      timeout: 60_000,
      interval: 20,
    });
  }

  /** Ends once every reporter's last batch was acknowledged. */
  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#reporters);
  }

  async #report(reporter: number): Promise<void> {
    for (let turn = reporter; !this.#over; turn++) {
      const events = Array.from({ length: batchSize }, () => ({
        id: randomUUID(),
        type: 'Storm.Report',
        tags: [`reporter:${reporter}`],
        time: new Date().toISOString(),
      }));
      await this.#insist(turn, events);
    }
  }

  /** Whether all of a batch are. */
  #acknowledge(results: readonly { readonly id?: string }[]): boolean {
    for (const { id } of results) if (id !== undefined) this.acknowledged.add(id);
    return results.length > 0 && results.every(({ id }) => id !== undefined);
  }

  async #insist(turn: number, events: readonly { id: string }[]): Promise<void> {
    for (let attempt = turn; ; attempt++) {
      const url = this.#urls[attempt % this.#urls.length] as string;
      if (this.#acknowledge(await report(url, events).catch(() => []))) return;
      // The gateway is down: not a wait for a result, only courtesy between attempts.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Follows from the beginning, reconnects, and records the events that it is given. */
export function followAll(url: string) {
  const delivered = new Map<string, number>();
  const indexes: number[] = [];
  const following = follow(url.replace(/^http/, 'ws'), {
    filter: { types: ['Storm.*'] },
    afterIndex: 0,
    onEvent: ({ id, index }) => {
      delivered.set(id, index);
      indexes.push(index);
    },
  });
  return { delivered, indexes, stop: () => following.stop() };
}

async function stored(url: string): Promise<Map<string, number>> {
  interface Page {
    events: {
      nodes: { id: string; index: number }[];
      pageInfo: { endCursor: string | null; hasNextPage: boolean };
    };
  }
  const found = new Map<string, number>();
  let after: string | null = null;
  for (;;) {
    const { events }: Page = await request<Page>(url, page, { after });
    for (const { id, index } of events.nodes) {
      expect(found.has(id), `${id} is stored twice`).toBe(false);
      found.set(id, index);
    }
    if (!events.pageInfo.hasNextPage) return found;
    after = events.pageInfo.endCursor;
  }
}

/** Acknowledged = stored = delivered, each once, in index order. */
export async function expectNothingLost(
  storm: Storm,
  url: string,
  follower: ReturnType<typeof followAll>,
): Promise<void> {
  const journal = `{ journal { lastIndex storedIndex } }`;
  interface Status {
    journal: { lastIndex: number; storedIndex: number };
  }
  await vi.waitFor(
    async () => {
      const status = (await request<Status>(url, journal)).journal;
      expect(status.storedIndex).toBe(status.lastIndex);
    },
    { timeout: 60_000, interval: 100 },
  );
  // Gateways publish again within seconds, where the servers of a cluster have disagreed.
  await vi.waitFor(
    async () => {
      const kept = await stored(url);
      const lost = [...storm.acknowledged].filter((id) => !kept.has(id));
      expect(lost).toEqual([]);
      expect([...kept.keys()].filter((id) => !follower.delivered.has(id))).toEqual([]);
      expect(follower.delivered.size).toBe(kept.size);
    },
    { timeout: 60_000, interval: 500 },
  );
  expect(follower.indexes).toEqual([...new Set(follower.indexes)].sort((a, b) => a - b));
  expect(follower.indexes).toHaveLength(follower.delivered.size);
}

/** Runs a storm over gateways and a fault in its middle, and then counts the events at each gateway. */
export async function survive(
  urls: readonly string[],
  happening: (storm: Storm) => Promise<void>,
): Promise<void> {
  const followers = urls.map((url) => ({ url, follower: followAll(url) }));
  const storm = new Storm(urls);
  await storm.more(400);
  await happening(storm);
  await storm.more(400);
  await storm.stop();
  for (const { url, follower } of followers) {
    await expectNothingLost(storm, url, follower);
    await follower.stop();
  }
}
