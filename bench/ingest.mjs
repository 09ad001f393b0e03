// Events a second through reportEvents until they are stored, 8 connections, batches of 1 to 1000, beside the very
// same rows written straight to a database of the same shape: in one session, as whatever keeps them in order must, and
// over as many as report (PGlite has but one). Run: npm run build && npm --prefix bench run ingest
import { load, post } from './load.mjs';
import {
  createDatabase,
  eventInput,
  rowsOfPglite,
  rowsOfPostgres,
  straightToPglite,
  straightToPostgres,
} from './rows.mjs';
import { startGateway, startNats } from './server-process.mjs';

const connections = 8;
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
/** Gateway and straight in turns, as the speed of a machine may change between the two. */
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
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
  const run = (length) =>
    load({ url: server.url, connections, seconds: length, next, check: stored });
  await run(1);
  const { perSecond, p50, p99, answered } = await run(seconds);
  return { perSecond: perSecond * batch, p50, p99, events: answered * batch };
}

const modes = {
  'PGlite, embedded journal': {
    async measure(batch) {
      const server = await startGateway();
      const through = await throughGateway(server, batch);
      await server.stop();
      const rows = await rowsOfPglite(server.data, maxRows(through));
      await server.remove();
      const straight = await straightToPglite(rows, batch, connections);
      return { through, straight, parallel: straight };
    },
    goal: 0.7,
  },
  'PostgreSQL, NATS JetStream': {
    async measure(batch) {
      const nats = await startNats();
      const database = await createDatabase('tidings_bench_gateway');
      const server = await startGateway({ NATS_URL: nats.url, DATABASE_URL: database });
      const through = await throughGateway(server, batch);
      await server.stop();
      await server.remove();
      await nats.stop();
      const rows = await rowsOfPostgres(database, maxRows(through));
      const straight = await straightToPostgres(rows, batch, 1);
      return { through, straight, parallel: await straightToPostgres(rows, batch, connections) };
    },
    goal: 0.5,
  },
};

const maxRows = ({ events }) => Math.min(events, 100_000);

const ratioOf = ({ through, straight }) => through.perSecond / straight;

/** The round in the middle, and the ratios of the lowest and the highest. */
async function measureRounds(measure, batch) {
  const results = [];
  for (let round = 0; round < rounds; round++) results.push(await measure(batch));
  results.sort((a, b) => ratioOf(a) - ratioOf(b));
  const [lowest, highest] = [results[0], results[rounds - 1]].map(ratioOf);
  return { ...results[Math.floor(rounds / 2)], lowest, highest };
}

for (const [title, { measure, goal }] of Object.entries(modes)) {
  console.log(
    `\n${title}: ${connections} connections, the middle of ${rounds} rounds of ${seconds} s`,
  );
  console.log(
    'batch    gateway /s   straight /s   ratio (lowest, highest)   over 8 /s   ratio    p50 ms    p99 ms',
  );
  for (const batch of [1, 10, 100, 1000]) {
    const { through, straight, parallel, lowest, highest } = await measureRounds(measure, batch);
    const figures = [
      String(batch).padStart(5),
      through.perSecond.toFixed(0).padStart(13),
      straight.toFixed(0).padStart(13),
      ratioOf({ through, straight }).toFixed(2).padStart(7),
      `(${lowest.toFixed(2)}, ${highest.toFixed(2)})`.padStart(17),
      parallel.toFixed(0).padStart(11),
      (through.perSecond / parallel).toFixed(2).padStart(7),
      through.p50.toFixed(1).padStart(9),
      through.p99.toFixed(1).padStart(9),
    ];
    console.log(figures.join(' ') + (batch >= 100 ? `   goal ${goal}` : ''));
  }
}
