import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { RawSocket } from '../server/raw-socket.ts';
import type { Harness } from './harness.ts';

/** Random numbers that are the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const timers = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate');

const queries = [
  'subscription ($at: SafeInt, $key: String!) { events(filter: { keys: [$key] }, afterIndex: $at) { id } }',
  'subscription ($at: SafeInt, $key: String!) { eventBatches(filter: { anyTags: ["a", $key] }, afterIndex: $at, maxWait: "5ms") { index events { id } } }',
  'subscription ($at: SafeInt, $key: String!) { events(filter: { not: { keys: [$key] } }, afterIndex: $at) { category { description actions { name } } } }',
  'subscription ($key: String!) { events(filter: { ids: [$key] }) { id } }',
  '{ journal { kind } }',
];

/** So few that clients which resume need the store. */
export const smallRing = { ringChanges: 100, warmChanges: 10 };

/** Connections opened in each round. */
const perRound = 30;

/** Clients that connect, subscribe and disconnect at random, in the same way for the same seed. */
export class Crowd {
  readonly #harness: Harness;
  readonly #next: () => number;
  readonly #open: RawSocket[] = [];
  readonly #idle = timers().length;
  connected = 0;
  subscribed = 0;

  constructor(harness: Harness, seed: number) {
    this.#harness = harness;
    this.#next = random(seed);
  }

  /** Opens connections, subscribes and unsubscribes over most of them, and closes some. */
  async round(): Promise<void> {
    const open = this.#open;
    const fresh = Array.from({ length: perRound }, () => RawSocket.open(this.#harness.socketUrl));
    open.push(...(await Promise.all(fresh)));
    this.connected += perRound;
    const changes = Array.from({ length: 10 }, () => ({ key: this.#key(), tags: ['a'] }));
    await this.#harness.report(...changes);
    for (const socket of open) {
      if (this.#next() >= 0.3) this.#subscribe(socket);
    }
    for (let n = this.#pick(40); n > 0; n--) {
      open.splice(this.#pick(open.length), 1)[0]?.close();
    }
  }

  /** Closes all connections; nothing of them may remain. */
  async leave(): Promise<void> {
    for (const socket of this.#open) socket.close();
    this.#open.length = 0;
    const { live, sockets } = this.#harness;
    await vi.waitFor(() => {
      const nothing = { subscriptions: 0, channels: 0, feeds: 0, indexEntries: 0 };
      expect(live.stats()).toMatchObject(nothing);
      expect(sockets.stats()).toMatchObject({ connections: 0, queuedBytes: 0 });
    });
    // The clients' sockets and the pauses of the store's readers end a little later. vi.waitFor would have timers of its
    // own.
    const deadline = performance.now() + 20_000;
    while (timers().length > this.#idle && performance.now() < deadline) await sleep(50);
    expect(timers().length).toBeLessThanOrEqual(this.#idle);
  }

  #subscribe(socket: RawSocket): void {
    const back = this.#pick(300);
    const at = this.#next() < 0.5 ? null : Math.max(1, this.#harness.journal.position - back);
    const id = `${++this.subscribed}`;
    const query = queries[this.#pick(queries.length)] as string;
    socket.subscribe(id, query, { at, key: this.#key() });
    if (this.#next() < 0.3) socket.say({ id, type: 'complete' });
  }

  #key(): string {
    return `k${this.#pick(20)}`;
  }

  #pick(count: number): number {
    return Math.floor(this.#next() * count);
  }
}
