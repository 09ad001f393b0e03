// Events a second through reportEvents until they are stored, 8 connections, batches of 1 to 1000, beside the very
// same rows written straight to a database of the same shape: in one session, as whatever keeps them in order must, and
// over as many as report (PGlite has but one). Run: npm run build && npm --prefix bench run ingest
import { load, post } from './load.mjs';
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

const modes = {
  'PGlite, embedded journal': {
    async rows(batch) {
      const server = await startGateway();
      await throughGateway(server, batch);
      await server.stop();
      const rows = await rowsOfPglite(server.data, mostRows);
      await server.remove();
      return rows;
    },
    async open() {
      const server = await startGateway();
      const straight = await openStraightPglite();
      const close = async () => {
        await straight.close();
        await server.stop();
        await server.remove();
      };
      return { server, straight, parallel: null, close };
    },
    goal: 0.7,
  },
  'PostgreSQL, NATS JetStream': {
    async rows(batch) {
      const { server, database, close } = await openOnNats();
      await throughGateway(server, batch);
      const rows = await rowsOfPostgres(database, mostRows);
      await close();
      return rows;
    },
    async open() {
      const { server, close } = await openOnNats();
      const straight = await openStraightPostgres(1);
      const parallel = await openStraightPostgres(connections);
      const closeAll = async () => {
        await straight.close();
        await parallel.close();
        await close();
      };
      return { server, straight, parallel, close: closeAll };
    },
    goal: 0.5,
  },
};

async function openOnNats() {
  const nats = await startNats();
  const database = await createDatabase('tidings_bench_gateway');
  const server = await startGateway({ NATS_URL: nats.url, DATABASE_URL: database });
  const close = async () => {
    await server.stop();
    await server.remove();
    await nats.stop();
  };
  return { server, database, close };
}

async function measure({ rows: rowsOf, open }, batch) {
  const rows = await rowsOf(batch);
  const { server, straight, parallel, close } = await open();
  const measured = [];
  // The first is for compilers and caches to get warm.
  for (let round = 0; round <= rounds; round++) {
    const through = await throughGateway(server, batch);
    const later = daysLater(rows, round);
    const one = await straight.write(later, batch);
    const many = parallel ? await parallel.write(later, batch) : one;
    if (round > 0) measured.push({ ...through, one, many });
  }
  await close();
  return measured;
}

const inOrder = (numbers) => numbers.sort((a, b) => a - b);
const middle = (numbers) => inOrder(numbers)[Math.floor(numbers.length / 2)];

for (const [title, mode] of Object.entries(modes)) {
  console.log(
    `\n${title}: ${connections} connections, the middle of ${rounds} rounds of ${seconds} s`,
  );
  console.log(
    'batch    gateway /s   straight /s   ratio (lowest, highest)   over 8 /s   ratio    p50 ms    p99 ms',
  );
  for (const batch of [1, 10, 100, 1000]) {
    const measured = await measure(mode, batch);
    const middleOf = (figure) => middle(measured.map(figure));
    const ratios = inOrder(measured.map(({ perSecond, one }) => perSecond / one));
    const figures = [
      String(batch).padStart(5),
      middleOf(({ perSecond }) => perSecond)
        .toFixed(0)
        .padStart(13),
      middleOf(({ one }) => one)
        .toFixed(0)
        .padStart(13),
      middle(ratios).toFixed(2).padStart(7),
      `(${ratios[0].toFixed(2)}, ${ratios.at(-1).toFixed(2)})`.padStart(17),
      middleOf(({ many }) => many)
        .toFixed(0)
        .padStart(11),
      middleOf(({ perSecond, many }) => perSecond / many)
        .toFixed(2)
        .padStart(7),
      middleOf(({ p50 }) => p50)
        .toFixed(1)
        .padStart(9),
      middleOf(({ p99 }) => p99)
        .toFixed(1)
        .padStart(9),
    ];
    console.log(figures.join(' ') + (batch >= 100 ? `   goal ${mode.goal}` : ''));
  }
}
