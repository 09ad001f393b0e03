// The calls that access adds to a request and to an event, each alone and many times over, in microseconds of processor time. They
// are too short to be seen next to a whole request, which access.mjs measures: their sum as a part of it is the cost of access.
// Run: npm run build && npm --prefix bench run access-alone
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Access } = require('../dist/access/access.js');
const { credentialOf } = require('../dist/access/credential.js');
const { readable } = require('../dist/access/scoped-store.js');

const calls = 20_000;
const rounds = 21;
const roles = Array.from({ length: 100 }, (_, n) => `team-${n}`);
const secretOf = (role) => `tds_${role.padEnd(43, '_')}`;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

const roleOf = (name) => {
  const namespaces = ['default', name];
  const actions = ['READ', 'REPORT'];
  const events = { namespaces };
  const grant = { effect: 'ALLOW', actions, namespaces, topics: ['*'], filter: null, hide: [] };
  return [name, { name, limits: {}, grants: [{ ...grant, events }] }];
};
const tokenOf = (name) => ({
  name,
  sha256: sha256(secretOf(name)),
  roles: [name],
  expiresAtMs: null,
});

const access = new Access({
  policy: { roles: new Map(roles.map(roleOf)), tokens: roles.map(tokenOf), issuers: [] },
  tokens: { revokedAmong: async () => [] },
  log: { debug() {}, info() {} },
});
const headers = roles.map((role) => ({ authorization: `Bearer ${secretOf(role)}` }));
const sessions = await Promise.all(headers.map((each) => access.session(credentialOf(each))));
const source = { service: null, instance: null, endpoint: null, node: null };
const report = {
  id: '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a',
  namespace: 'default',
  category: 'Bench',
  action: 'Event',
  source: { ...source, component: null, plane: null, layer: null },
  key: null,
  filterKeys: [],
  message: 'message',
  tags: [],
  traits: [],
  value: null,
  time: 1,
  endTime: null,
  recordedAt: 1,
  dialect: 'TIDINGS',
  raw: null,
  severity: null,
  generatedId: true,
};
const filter = { types: { exact: ['Bench.Event'], globs: [], notExact: [], notGlobs: [] } };

let used = 0;
const works = {
  'a request: the session of a known token': (n) => access.session(credentialOf(headers[n])),
  'a reported event: whether it may be': (n) => sessions[n].scope.mayReport(report),
  'a query: its filter and that of the scope': (n) => readable(filter, sessions[n].scope),
};
console.log(`${calls} calls by ${roles.length} callers, ${rounds} times: quartiles`);
for (const [name, work] of Object.entries(works)) {
  const micros = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call += 1) if (work(call % roles.length)) used += 1;
    const { user, system } = process.cpuUsage(before);
    micros.push((user + system) / calls);
  }
  micros.sort((a, b) => a - b);
  const shown = [0.25, 0.5, 0.75].map((part) => micros[Math.floor(rounds * part)].toFixed(3));
  console.log(`  ${name.padEnd(44)} ${shown.join('  ')} µs`);
}
if (used !== calls * rounds * Object.keys(works).length) throw new Error('a caller was rejected');
await access[Symbol.asyncDispose]();
