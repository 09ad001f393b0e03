// Events a second through reportEvents until they are stored, 8 connections, batches of 1 to 1000, beside the very
// same rows written straight to a database of the same shape: in one session, as whatever keeps them in order must, and
// over as many as report (PGlite has but one). Run: npm run build && npm --prefix bench run ingest
import { load, median, post } from './load.mjs';
import {
  createDatabase,
  daysLater,
  eventInput,
  openStraightPglite,
  openStraightPostgres,
  rowsOfPglite,
  rowsOfPostgres,
} from './rows.mjs';
import { startGateway, startNats } from './server-process.mjs';

const connections = 8;
/** The gateway and straight in short turns, as the speed of a machine may change between long ones. */
const seconds = Number(process.env.BENCH_SECONDS ?? 2);
const rounds = Number(process.env.BENCH_ROUNDS ?? 7);
const mostRows = 40_000;
const query = `mutation ($events: [EventInput!]!) {
  reportEvents(events: $events) { accepted results { ... on ReportedEvent { id index status } } }
}`;

async function throughGateway(server, batch) {
  let made = 0;
  const stored = (text) => {
    const { data, errors } = JSON.parse(text);
    const results = data?.reportEvents.results ?? [];
    if (errors || results.length !== batch || results.some(({ status }) => status !== 'STORED'))
      throw new Error(text);
  };
  const next = () =>
    post(server.url, {
      query,
      variables: { events: Array.from({ length: batch }, () => eventInput(made++)) },
    });
  const { perSecond, p50, p99 } = await load({
    url: server.url,
    connections,
    seconds,
    next,
    check: stored,
  });
  return { perSecond: perSecond * batch, p50, p99 };
}

/** A gateway to report to; `rows` are what it has stored, and may end it. */
async function startEmbedded() {
  const server = await startGateway();
  const rows = async () => {
    await server.stop();
    return rowsOfPglite(server.data, mostRows);
  };
  const close = async () => {
    await server.stop();
    await server.remove();
  };
  return { server, rows, close };
}

async function startOnNats() {
  const nats = await startNats();
  const database = await createDatabase('tidings_bench_gateway');
  const server = await startGateway({ NATS_URL: nats.url, DATABASE_URL: database });
  const close = async () => {
    await server.stop();
    await server.remove();
    await nats.stop();
  };
  return { server, rows: () => rowsOfPostgres(database, mostRows), close };
}

/** Straight first in one session, and last over as many as there may be. */
const modes = {
  'PGlite, embedded journal': {
    start: startEmbedded,
    openStraight: () => Promise.all([openStraightPglite()]),
    goal: 0.7,
  },
  'PostgreSQL, NATS JetStream': {
    start: startOnNats,
    openStraight: () => Promise.all([1, connections].map(openStraightPostgres)),
    goal: 0.5,
  },
};

async function storedRows(start, batch) {
  const { server, rows, close } = await start();
  await throughGateway(server, batch);
  const stored = await rows();
  await close();
  return stored;
}

async function measure({ start, openStraight }, batch) {
  const rows = await storedRows(start, batch);
  const { server, close } = await start();
  const straight = await openStraight();
  const measured = [];
  // The first is for compilers and caches to get warm.
  for (let round = 0; round <= rounds; round++) {
    const through = await throughGateway(server, batch);
    const later = daysLater(rows, round);
    const rates = [];
    for (const { write } of straight) rates.push(await write(later, batch));
    if (round > 0) measured.push({ ...through, one: rates[0], many: rates.at(-1) });
  }
  for (const { close: closeStraight } of straight) await closeStraight();
  await close();
  return measured;
}

const columns = [
  { read: ({ perSecond }) => perSecond, digits: 0, width: 13 },
  { read: ({ one }) => one, digits: 0, width: 13 },
  { read: ({ perSecond, one }) => perSecond / one, digits: 2, width: 7 },
  { read: ({ many }) => many, digits: 0, width: 11 },
  { read: ({ perSecond, many }) => perSecond / many, digits: 2, width: 7 },
  { read: ({ p50 }) => p50, digits: 1, width: 9 },
  { read: ({ p99 }) => p99, digits: 1, width: 9 },
];

for (const [title, mode] of Object.entries(modes)) {
  console.log(
    `\n${title}: ${connections} connections, the middle of ${rounds} rounds of ${seconds} s`,
  );
  console.log(
    'batch    gateway /s   straight /s   ratio (lowest, highest)   over 8 /s   ratio    p50 ms    p99 ms',
  );
  for (const batch of [1, 10, 100, 1000]) {
    const measured = await measure(mode, batch);
    const cells = columns.map(({ read, digits, width }) =>
      median(measured.map(read)).toFixed(digits).padStart(width),
    );
    const ratios = measured.map(({ perSecond, one }) => perSecond / one);
    const extremes = `(${Math.min(...ratios).toFixed(2)}, ${Math.max(...ratios).toFixed(2)})`;
    const [perSecond, one, ratio, ...others] = cells;
    const row = [
      String(batch).padStart(5),
      perSecond,
      one,
      ratio,
      extremes.padStart(17),
      ...others,
    ];
    console.log(row.join(' ') + (batch >= 100 ? `   goal ${mode.goal}` : ''));
  }
}
