// Requests a second for a mutation that reports one event, 50 connections: the gateway, which stores it,
// beside graphql-yoga and mercurius, which only count it. Run: npm run build && npm --prefix bench run http
import { load, post } from './load.mjs';
import { startGateway, startPeer } from './server-process.mjs';

const connections = 50;
const seconds = Number(process.argv[2] ?? 5);
const event = {
  type: 'Volume.Create',
  message: 'volume created',
  tags: ['pool:a', 'tier:gold'],
  key: 'vol-1',
};

const contenders = [
  {
    name: 'Tidings, stored (embedded journal, PGlite)',
    start: () => startGateway(),
    query: `mutation ($event: EventInput!) { reportEvent(event: $event) { ... on ReportedEvent { id index status } } }`,
    holds: (answer) => answer.data.reportEvent.status === 'STORED',
  },
  {
    name: 'graphql-yoga, in memory',
    start: () => startPeer('peers/yoga.mjs'),
    query: `mutation ($event: EventInput!) { report(event: $event) { id index status } }`,
    holds: (answer) => answer.data.report.index > 0,
  },
  {
    name: 'mercurius, in memory',
    start: () => startPeer('peers/mercurius.mjs'),
    query: `mutation ($event: EventInput!) { report(event: $event) { id index status } }`,
    holds: (answer) => answer.data.report.index > 0,
  },
];

const measured = new Map();
for (const { name, start, query, holds } of contenders) {
  const server = await start();
  const request = post(server.url, { query, variables: { event } });
  const check = (text) => {
    const answer = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
    if (answer.errors !== undefined || !holds(answer)) throw new Error(`${name} answered ${text}`);
  };
  const run = (length) =>
    load({ url: server.url, connections, seconds: length, next: () => request, check });
  await run(Math.min(2, seconds));
  measured.set(name, await run(seconds));
  await server.stop();
  await server.remove?.();
}

const yoga = measured.get('graphql-yoga, in memory').perSecond;
console.log(`one event a request, ${connections} connections, ${seconds} s each`);
for (const [name, { perSecond, p50, p99 }] of measured) {
  console.log(
    `${name.padEnd(46)} ${perSecond.toFixed(0).padStart(7)} /s   p50 ${p50.toFixed(1)} ms   p99 ${p99.toFixed(1)} ms   ${(perSecond / yoga).toFixed(2)} of yoga`,
  );
}
