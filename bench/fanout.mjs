// One event to many sockets: Tidings beside graphql-yoga, @apollo/server, mercurius and bare ws, each server in a
// process of its own, the load in this one. Run: npm run build && npm --prefix bench run fanout [-- scenario …]
import { load, post } from './load.mjs';
import { processorSeconds, startGateway, startPeer } from './server-process.mjs';
import { follow } from './sockets.mjs';

const contenders = {
  tidings: () => startGateway({ TIDINGS_MAX_CONNECTIONS: '20000' }),
  bare: () => startPeer('peers/feed-bare.mjs'),
  yoga: () => startPeer('peers/feed-yoga.mjs'),
  apollo: () => startPeer('peers/feed-apollo.mjs'),
  mercurius: () => startPeer('peers/feed-mercurius.mjs'),
};
const everyone = Object.keys(contenders);

/** Each: how many sockets, the filter of the nth, the event that is reported nth, and who takes part. */
const scenarios = {
  'one filter': {
    sockets: 1000,
    filter: () => ({ types: ['Bench.Event'] }),
    event: () => ({ type: 'Bench.Event', tags: ['group'] }),
    perEvent: 1000,
    who: everyone,
  },
  '100 filters': {
    sockets: 1000,
    filter: (n) => ({ tags: [`group:${n % 100}`] }),
    event: (n) => ({ type: 'Bench.Event', tags: [`group:${n % 100}`] }),
    perEvent: 10,
    who: everyone,
  },
  'own keys, 100': {
    sockets: 100,
    filter: (n) => ({ keys: [`k${n}`] }),
    event: (n) => ({ type: 'Bench.Event', key: `k${n % 100}` }),
    perEvent: 1,
    who: ['tidings', 'bare'],
  },
  'own keys, 1,000': {
    sockets: 1000,
    filter: (n) => ({ keys: [`k${n}`] }),
    event: (n) => ({ type: 'Bench.Event', key: `k${n % 1000}` }),
    perEvent: 1,
    who: ['tidings', 'bare', 'mercurius'],
  },
  'own keys, 10,000': {
    sockets: 10_000,
    filter: (n) => ({ keys: [`k${n}`] }),
    event: (n) => ({ type: 'Bench.Event', key: `k${n % 10_000}` }),
    perEvent: 1,
    who: ['tidings', 'bare'],
  },
};

const mutation = {
  tidings:
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: ACCEPTED) { accepted } }',
};
const peerMutation = 'mutation ($events: [EventInput!]!) { report(events: $events) }';
const filler = 'x'.repeat(60);

/** Reports batches, each when all of the last was delivered, for some seconds; deliveries a second and their cost. */
async function closedLoop({ server, name, scenario, batch, seconds, tally }) {
  let reported = 0;
  const next = () => {
    const now = performance.timeOrigin + performance.now();
    const events = Array.from({ length: batch }, () => ({
      ...scenario.event(reported++),
      message: `@${now}@${filler}`,
    }));
    return post(server.url, { query: mutation[name] ?? peerMutation, variables: { events } });
  };
  const begin = performance.now();
  const spent = processorSeconds(server.pid);
  while (performance.now() - begin < seconds * 1000) {
    await load({ url: server.url, connections: 1, requests: 1, next, check: refuseErrors });
    await tally.until(reported * scenario.perEvent);
  }
  const took = (performance.now() - begin) / 1000;
  const deliveries = reported * scenario.perEvent;
  return {
    perSecond: deliveries / took,
    microseconds: ((processorSeconds(server.pid) - spent) / deliveries) * 1e6,
    ...tally.latencies(),
  };
}

function refuseErrors(text) {
  if (text.includes('"errors"')) throw new Error(text);
}

/** Counts deliveries and samples how long they took. */
function createTally() {
  let count = 0;
  let samples = [];
  let waiting = null;
  return {
    add(latency) {
      count += 1;
      if (count % 7 === 0) samples.push(latency);
      if (waiting !== null && count >= waiting.target) waiting.done();
    },
    until: (target) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`${count} of ${target} delivered after 30 s`)),
          30_000,
        );
        const done = () => {
          clearTimeout(late);
          waiting = null;
          resolve();
        };
        if (count >= target) done();
        else waiting = { target, done };
      }),
    latencies() {
      samples.sort((a, b) => a - b);
      const at = (rank) =>
        samples[Math.min(samples.length - 1, Math.floor(samples.length * rank))] ?? Number.NaN;
      const seen = { p50: at(0.5), p99: at(0.99) };
      samples = [];
      return seen;
    },
    reset: () => {
      count = 0;
      samples = [];
    },
  };
}

async function measure(name, scenario, seconds) {
  const server = await contenders[name]();
  try {
    const tally = createTally();
    const before = await server.memory();
    const followers = [];
    for (let n = 0; n < scenario.sockets; n += 100)
      followers.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(100, scenario.sockets - n) }, (_, m) =>
            follow(server.url, scenario.filter(n + m), tally.add),
          ),
        )),
      );
    await settled(server);
    const after = await server.memory();
    const heap = (after.heapUsed - before.heapUsed) / scenario.sockets;
    const run = (batch, length) => {
      tally.reset();
      return closedLoop({ server, name, scenario, batch, seconds: length, tally });
    };
    await run(1, Math.min(1, seconds));
    const single = await run(1, seconds);
    const joined = await run(100, seconds);
    for (const follower of followers) follower.close();
    return { name, heap, single, joined };
  } finally {
    await server.stop();
    await server.remove?.();
  }
}

/** Subscriptions are acknowledged by nothing: wait until the server has nothing left to do. */
async function settled(server) {
  let last = -1;
  for (let quiet = 0; quiet < 3; ) {
    const spent = processorSeconds(server.pid);
    quiet = spent === last ? quiet + 1 : 0;
    last = spent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const wanted = process.argv.slice(2);
for (const [title, scenario] of Object.entries(scenarios)) {
  if (wanted.length > 0 && !wanted.includes(title)) continue;
  const rows = [];
  for (const name of scenario.who) rows.push(await measure(name, scenario, seconds));
  const bare = rows.find(({ name }) => name === 'bare');
  console.log(`\n${title}: ${scenario.sockets} sockets, ${scenario.perEvent} deliveries an event`);
  console.log(
    '                 one by one                                      batches of 100                 heap',
  );
  console.log(
    '             deliveries/s  of bare  µs CPU  p50 ms  p99 ms   deliveries/s  of bare  µs CPU   KB a socket',
  );
  for (const { name, heap, single, joined } of rows)
    console.log(
      [
        name.padEnd(12),
        single.perSecond.toFixed(0).padStart(12),
        (single.perSecond / bare.single.perSecond).toFixed(2).padStart(8),
        single.microseconds.toFixed(1).padStart(7),
        single.p50.toFixed(1).padStart(7),
        single.p99.toFixed(1).padStart(7),
        joined.perSecond.toFixed(0).padStart(14),
        (joined.perSecond / bare.single.perSecond).toFixed(2).padStart(8),
        joined.microseconds.toFixed(1).padStart(7),
        (heap / 1024).toFixed(1).padStart(13),
      ].join(' '),
    );
}
