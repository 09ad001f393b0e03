// One event to many sockets: Tidings beside graphql-yoga, @apollo/server, mercurius and bare ws, each server in a
// process of its own, the load in this one. BENCH_SECONDS is how long each part takes (5), BENCH_CONTENDERS who takes part, with
// commas. Run: npm run build && npm --prefix bench run fanout [-- scenario …]
import { setTimeout as sleep } from 'node:timers/promises';
import { load, post } from './load.mjs';
import { processorSeconds, startGateway, startPeer } from './server-process.mjs';
import { follow } from './sockets.mjs';

const contenders = {
  bare: () => startPeer('peers/feed-bare.mjs'),
  tidings: () => startGateway({ TIDINGS_MAX_CONNECTIONS: '20000' }),
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
    who: ['bare', 'tidings'],
  },
  'own keys, 1,000': {
    sockets: 1000,
    filter: (n) => ({ keys: [`k${n}`] }),
    event: (n) => ({ type: 'Bench.Event', key: `k${n % 1000}` }),
    perEvent: 1,
    who: ['bare', 'tidings', 'mercurius'],
  },
  'own keys, 10,000': {
    sockets: 10_000,
    filter: (n) => ({ keys: [`k${n}`] }),
    event: (n) => ({ type: 'Bench.Event', key: `k${n % 10_000}` }),
    perEvent: 1,
    who: ['bare', 'tidings'],
  },
};

const mutation = {
  tidings:
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: ACCEPTED) { accepted } }',
};
const peerMutation = 'mutation ($events: [EventInput!]!) { report(events: $events) }';
const filler = 'x'.repeat(60);
const stalledTitle = 'a stalled reader';

/** Requests that report batches of events which carry the moment of the report. */
function createReporter({ server, name, scenario, batch }) {
  let reported = 0;
  const next = () => {
    const now = performance.timeOrigin + performance.now();
    const events = Array.from({ length: batch }, () => ({
      ...scenario.event(reported++),
      message: `@${now}@${scenario.filler ?? filler}`,
    }));
    return post(server.url, { query: mutation[name] ?? peerMutation, variables: { events } });
  };
  return {
    report: () => load({ url: server.url, connections: 1, requests: 1, next, check: refuseErrors }),
    deliveries: () => reported * scenario.perEvent,
  };
}

/** So many report batches at a time: a server that stores them first can do so beside delivering others. */
const reporters = 8;

/**
 * Reports events for some seconds: one by one, each when the last was delivered everywhere, or batches by several at a
 * time, of which each waits likewise for what was reported before it; deliveries a second and their cost.
 */
async function closedLoop({ server, name, scenario, batch, seconds, tally }) {
  const reporter = createReporter({ server, name, scenario, batch });
  const begin = performance.now();
  const spent = processorSeconds(server.pid);
  const drive = async () => {
    while (performance.now() - begin < seconds * 1000) {
      const reported = reporter.report();
      const before = reporter.deliveries();
      await reported;
      await tally.until(before);
    }
  };
  await Promise.all(Array.from({ length: batch === 1 ? 1 : reporters }, drive));
  await tally.until(reporter.deliveries());
  const took = (performance.now() - begin) / 1000;
  return {
    perSecond: reporter.deliveries() / took,
    microseconds: ((processorSeconds(server.pid) - spent) / reporter.deliveries()) * 1e6,
    ...tally.latencies(),
  };
}

/** Reports events one by one at a rate that everybody can carry; how long they take to each socket. */
async function fixedRate({ server, name, scenario, seconds, tally, eventsPerSecond }) {
  const reporter = createReporter({ server, name, scenario, batch: 1 });
  const begin = performance.now();
  for (let n = 0; n < eventsPerSecond * seconds; n++) {
    await sleep(Math.max(0, begin + (n * 1000) / eventsPerSecond - performance.now()));
    await reporter.report();
  }
  await tally.until(reporter.deliveries());
  return tally.latencies();
}

function refuseErrors(text) {
  if (text.includes('"errors"')) throw new Error(text);
}

/** Counts deliveries and samples how long they took. */
function createTally() {
  let count = 0;
  let samples = [];
  const waiting = new Set();
  return {
    add(latency) {
      count += 1;
      if (count % 7 === 0) samples.push(latency);
      for (const { target, done } of waiting) if (count >= target) done();
    },
    until: (target) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`${count} of ${target} delivered after 30 s`)),
          30_000,
        );
        const waiter = {
          target,
          done: () => {
            clearTimeout(late);
            waiting.delete(waiter);
            resolve();
          },
        };
        if (count >= target) waiter.done();
        else waiting.add(waiter);
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
    const followers = await followAll(server, scenario, tally);
    const after = await server.memory();
    const heap = (after.heapUsed - before.heapUsed) / scenario.sockets;
    const run = (batch, length) => {
      tally.reset();
      return closedLoop({ server, name, scenario, batch, seconds: length, tally });
    };
    await run(1, Math.min(1, seconds));
    const single = await run(1, seconds);
    const joined = await run(100, seconds);
    tally.reset();
    const calm = await fixedRate({ server, name, scenario, seconds, tally, eventsPerSecond: 5 });
    for (const follower of followers) follower.close();
    return { name, heap, single, joined, calm };
  } finally {
    await server.stop();
    await server.remove?.();
  }
}

/** Opens the sockets of a scenario, a hundred at a time, until the server has taken all of them. */
async function followAll(server, { sockets, filter }, tally) {
  const followers = [];
  for (let n = 0; n < sockets; n += 100)
    followers.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(100, sockets - n) }, (_, m) =>
          follow(server.url, filter(n + m), tally.add),
        ),
      )),
    );
  await settled(server);
  return followers;
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

/** A thousand who read and one who does not, who has asked for so much that he is over his bound within seconds. */
async function stalledReader(seconds) {
  const name = 'tidings';
  const scenario = {
    sockets: 1000,
    filter: () => ({ types: ['Bench.Event'] }),
    event: () => ({ type: 'Bench.Event' }),
    filler: 'x'.repeat(2000),
    perEvent: 1000,
  };
  const server = await contenders[name]();
  try {
    const tally = createTally();
    await followAll(server, scenario, tally);
    const run = async () => {
      tally.reset();
      return fixedRate({ server, name, scenario, seconds, tally, eventsPerSecond: 20 });
    };
    await run();
    const without = await run();
    const before = await server.memory();
    const copies = Array.from({ length: 25 }, (_, n) => `m${n}: message`).join(' ');
    const stalled = await follow(server.url, scenario.filter(), () => {}, `index ${copies}`);
    stalled.pause();
    const beside = await run();
    const after = await server.memory();
    const metrics = await (await fetch(new URL('/metrics', server.url))).text();
    return { without, beside, before, after, metrics };
  } finally {
    await server.stop();
    await server.remove?.();
  }
}

const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const wanted = process.argv.slice(2);
const chosen = process.env.BENCH_CONTENDERS?.split(',');
// The others are compared with bare sockets.
const takesPart = (name) => name === 'bare' || (chosen?.includes(name) ?? true);
const isWanted = (title) => wanted.length === 0 || wanted.includes(title);
const results = {};
for (const [title, scenario] of Object.entries(scenarios)) {
  if (!isWanted(title)) continue;
  printHead(title, scenario);
  results[title] = [];
  for (const name of scenario.who) {
    if (!takesPart(name)) continue;
    results[title].push(await measure(name, scenario, seconds));
    printLast(results[title]);
  }
}
if (isWanted(stalledTitle)) printStalled(await stalledReader(4 * seconds));
printGoals(results);

function printHead(title, scenario) {
  console.log(`\n${title}: ${scenario.sockets} sockets, ${scenario.perEvent} deliveries an event`);
  console.log(
    '                 one by one                                      batches of 100                 5 a second        heap',
  );
  console.log(
    '             deliveries/s  of bare  µs CPU  p50 ms  p99 ms   deliveries/s  of bare  µs CPU   p50 ms  p99 ms   KB a socket',
  );
}

function printLast(rows) {
  const bare = rows.find(({ name }) => name === 'bare');
  const { name, heap, single, joined, calm } = rows.at(-1);
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
      calm.p50.toFixed(1).padStart(8),
      calm.p99.toFixed(1).padStart(7),
      (heap / 1024).toFixed(1).padStart(13),
    ].join(' '),
  );
}

function printStalled({ without, beside, before, after, metrics }) {
  const megabytes = ({ heapUsed, external }) => ((heapUsed + external) / 2 ** 20).toFixed(0);
  const ended = /^tidings_websocket_slow_consumers_total(?:\{.*\})? (\d+)$/m.exec(metrics)?.[1];
  console.log(`\n${stalledTitle}: 1000 sockets that read, 20 events of 2 KB a second`);
  console.log(
    `p99 of those who read: ${without.p99.toFixed(1)} ms without, ${beside.p99.toFixed(1)} ms with one who does not`,
  );
  console.log(
    `memory in use: ${megabytes(before)} MiB before, ${megabytes(after)} MiB after; slow consumers ended: ${ended}`,
  );
}

/** What the ratios should be, beside what they are, for whatever was measured. */
function printGoals(measured) {
  const of = (title, name) => measured[title]?.find((row) => row.name === name);
  const goal = (what, wanted, ours, theirs, ratio) => {
    if (!ours || !theirs) return;
    console.log(`${what.padEnd(50)} ${ratio(ours, theirs).toFixed(2).padStart(8)}   ${wanted}`);
  };
  const ours = of('one filter', 'tidings');
  const bare = of('one filter', 'bare');
  const joined = (a, b) => a.joined.perSecond / b.joined.perSecond;
  const heap = (a, b) => (a.heap - b.heap) / 1024;
  console.log('');
  goal('one filter, one by one, of bare ws', 'at least 0.8', ours, bare, (a, b) => {
    return a.single.perSecond / b.single.perSecond;
  });
  goal('one filter, batches, of bare ws one by one', 'at least 2.5', ours, bare, (a, b) => {
    return a.joined.perSecond / b.single.perSecond;
  });
  const mercurius = of('one filter', 'mercurius');
  goal('one filter, batches, of mercurius', 'at least 5', ours, mercurius, joined);
  const [hundred, theirHundred] = ['tidings', 'mercurius'].map((name) => of('100 filters', name));
  goal('100 filters, batches, of mercurius', 'at least 10', hundred, theirHundred, joined);
  const [few, many] = ['own keys, 100', 'own keys, 10,000'].map((title) => of(title, 'tidings'));
  goal('own keys, CPU an event at 10,000 of that at 100', 'at most 1.5', many, few, (a, b) => {
    return a.joined.microseconds / b.joined.microseconds;
  });
  goal('one filter, KB of heap beyond bare ws', 'at most 20', ours, bare, heap);
  const manyBare = of('own keys, 10,000', 'bare');
  goal('own keys, KB of heap beyond bare ws', 'at most 20', many, manyBare, heap);
}
