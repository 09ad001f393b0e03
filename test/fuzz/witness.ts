import { randomUUID } from 'node:crypto';

const report = `mutation ($events: [EventInput!]!) {
  reportEvents(events: $events, wait: ACCEPTED) { results { ... on ReportedEvent { id } } }
}`;
const page = `query ($after: String) {
  events(filter: { types: ["Witness.*"] }, orderBy: INDEX_ASC, first: 1000, after: $after) {
    nodes { id } pageInfo { endCursor hasNextPage }
  }
}`;
const question = `{ events(filter: { types: ["Witness.*"] }, first: 5) { nodes { id type } } journal { lastIndex storedIndex } }`;

const everyMs = 40;
const requestMs = 30_000;
const catchUpMs = 60_000;

/** An ordinary client that reports and asks all along: hostile clients must not harm it. */
export class Witness {
  readonly acknowledged = new Set<string>();
  slowestMs = 0;
  readonly #url: string;
  readonly #onFailure: (reason: string) => void;
  readonly #done: Promise<void>;
  #over = false;

  constructor(url: string, onFailure: (reason: string) => void) {
    this.#url = `${url}/graphql`;
    this.#onFailure = onFailure;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#done;
  }

  /** The acknowledged reports that the store lacks, once it has the whole journal. */
  async lost(): Promise<string[]> {
    interface Status {
      journal: { lastIndex: number; storedIndex: number };
    }
    for (const deadline = Date.now() + catchUpMs; Date.now() < deadline; ) {
      const { journal } = await this.#request<Status>('{ journal { lastIndex storedIndex } }');
      if (journal.storedIndex === journal.lastIndex) break;
      await pause(100);
    }
    const missing = new Set(this.acknowledged);
    interface Page {
      events: {
        nodes: { id: string }[];
        pageInfo: { endCursor: string | null; hasNextPage: boolean };
      };
    }
    for (let after: string | null = null; ; ) {
      const { events }: Page = await this.#request<Page>(page, { after });
      for (const { id } of events.nodes) missing.delete(id);
      if (!events.pageInfo.hasNextPage) return [...missing];
      after = events.pageInfo.endCursor;
    }
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#over; turn++) {
      const began = performance.now();
      await this.#turn(turn).catch((error: Error) => this.#onFailure(error.message));
      this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
      await pause(everyMs);
    }
  }

  async #turn(turn: number): Promise<void> {
    const events = Array.from({ length: 5 }, () => ({
      id: randomUUID(),
      type: 'Witness.Report',
      value: { turn },
    }));
    interface Reported {
      reportEvents: { results: { id?: string }[] };
    }
    const { reportEvents } = await this.#request<Reported>(report, { events });
    for (const { id } of reportEvents.results) {
      if (id === undefined) throw new Error('a valid report was rejected');
      this.acknowledged.add(id);
    }
    if (turn % 4 === 0) await this.#request(question);
  }

  async #request<Data>(query: string, variables: object = {}): Promise<Data> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(requestMs),
    });
    const { data, errors } = (await response.json()) as {
      data?: Data;
      errors?: { message: string }[];
    };
    if (data === undefined || errors !== undefined) {
      throw new Error(`${response.status} ${errors?.[0]?.message}`);
    }
    return data;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
