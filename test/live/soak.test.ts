import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RawSocket } from '../server/raw-socket.ts';
import { openSite, type Place, type Site } from './place.ts';

let site: Site;
let place: Place;
beforeAll(async () => {
  site = await openSite();
  place = await site.open({ limits: { ringChanges: 100, warmChanges: 10 } });
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

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

/** Some clients come, most of those who are there subscribe to something or stop, and some go. */
async function round(open: RawSocket[], next: () => number): Promise<void> {
  const pick = (count: number) => Math.floor(next() * count);
  const fresh = Array.from({ length: 30 }, () => RawSocket.open(place.socketUrl));
  open.push(...(await Promise.all(fresh)));
  await place.report(...Array.from({ length: 10 }, () => ({ key: `k${pick(20)}`, tags: ['a'] })));
  for (const socket of open) {
    if (next() < 0.3) continue;
    const at = next() < 0.5 ? null : Math.max(1, place.journal.position - pick(300));
    const id = `${++subscribed}`;
    socket.subscribe(id, queries[pick(queries.length)] as string, { at, key: `k${pick(20)}` });
    if (next() < 0.3) socket.say({ id, type: 'complete' });
  }
  for (let n = pick(40); n > 0; n--) open.splice(pick(open.length), 1)[0]?.close();
}
let subscribed = 0;

test('thousands of connections and subscriptions that come and go leave nothing behind', async () => {
  const next = random(20_261_120);
  const idle = timers().length;
  const open: RawSocket[] = [];
  for (let n = 0; n < 40; n++) await round(open, next);
  expect(subscribed).toBeGreaterThan(2_000);
  for (const socket of open) socket.close();
  await vi.waitFor(() => {
    const nothing = { subscriptions: 0, channels: 0, feeds: 0, indexEntries: 0 };
    expect(place.live.figures()).toMatchObject(nothing);
    expect(place.sockets.figures()).toMatchObject({ connections: 0, queuedBytes: 0 });
  }, 10_000);
  // Sockets of this very test, and the pauses of the store's readers, end a little later.
  await vi.waitFor(() => expect(timers().length).toBeLessThanOrEqual(idle + 1), 15_000);
}, 120_000);
