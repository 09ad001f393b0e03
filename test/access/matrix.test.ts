import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../dialects/eventually.ts';
import { ask } from '../dialects/http-client.ts';
import { freePort } from '../free-port.ts';
import { byBearer } from './callers.ts';
import {
  everywhere,
  type ModelEvent,
  type ModelGrant,
  type ModelPrincipal,
  type ModelRoles,
  mayFollow,
  mayRead,
  mayReport,
  principalsOf,
  readsAnything,
} from './grants-model.ts';
import { bootGuarded, type GuardedGateway, policyOf } from './guarded-gateway.ts';
import { type PortsIn, reports } from './ways-in.ts';
import { counts, feeds, nomadStream, pages } from './ways-out.ts';

const roles: ModelRoles = {
  admin: [{ actions: ['ADMIN'] }],
  reader: [{ actions: ['READ'] }],
  a: [{ actions: ['READ', 'REPORT'], namespaces: ['a'] }],
  b: [
    { actions: ['READ', 'REPORT'], namespaces: ['b*'] },
    { actions: ['READ'], namespaces: ['b-secret'], effect: 'DENY' },
  ],
  errors: [{ actions: ['READ'], filter: { severities: ['ERROR'] } }],
  volumes: [{ actions: ['READ', 'REPORT'], topics: ['Volume:v1'] }],
  most: [
    { actions: ['READ', 'REPORT'] },
    { actions: ['READ', 'REPORT'], topics: ['Volume'], effect: 'DENY' },
  ],
  sender: [{ actions: ['REPORT'], namespaces: ['default'] }],
  alerter: [{ actions: ['REPORT'], namespaces: ['default'], filter: { severities: ['ERROR'] } }],
  auditor: [{ actions: ['READ_AUDIT'] }],
  keeper: [{ actions: ['MANAGE_TOKENS'] }],
  nobody: [],
  anonymous: [{ actions: ['READ'], namespaces: ['public'] }],
};

const principals = principalsOf(roles);

interface Seed extends ModelEvent {
  readonly action: string;
}

const seeds: readonly Seed[] = [
  { namespace: 'a', category: 'Volume', action: 'Create', key: 'v1', severity: 'NORMAL' },
  { namespace: 'a', category: 'Pool', action: 'Delete', key: 'p1', severity: 'ERROR' },
  { namespace: 'b', category: 'Volume', action: 'Create', key: 'v1', severity: 'ERROR' },
  { namespace: 'b-2', category: 'Nexus', action: 'Create', key: 'n1', severity: 'NORMAL' },
  { namespace: 'b-secret', category: 'Volume', action: 'Delete', key: 'v2', severity: 'ERROR' },
  { namespace: 'default', category: 'Pool', action: 'Create', key: 'p1', severity: 'NORMAL' },
  { namespace: 'public', category: 'Volume', action: 'Create', key: 'v3', severity: 'NORMAL' },
  { namespace: 'a', category: 'Alarm', action: 'slow_rule', key: 'v1', severity: 'ERROR' },
  { namespace: 'b', category: 'Alarm', action: 'slow_rule', key: 'p1', severity: 'ERROR' },
  { namespace: 'b-secret', category: 'Alarm', action: 'slow_rule', key: 'v2', severity: 'NORMAL' },
  { namespace: 'tidings', category: 'Audit', action: 'Test', key: 'v1', severity: 'ERROR' },
];

let guarded: GuardedGateway;
let at: PortsIn;
let statsPort = 0;
let statusPort = 0;
/** Every event that was recorded, by its number. */
const recorded: ModelEvent[] = [];

/** Records an event as the gateway itself does, whoever may read it. */
async function record(seed: Seed): Promise<number> {
  const number = recorded.push(seed) - 1;
  const [result] = await guarded.booted.gateway.context.intake.report(
    [
      {
        dialect: 'SKYWALKING',
        id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
        ...seed,
        severity: seed.severity === 'ERROR' ? 'ERROR' : 'NORMAL',
        message: `mark-${number}`,
        tags: [`team:tag-${number}`],
        traits: [{ name: `trait-${number}`, type: 'INT', value: 1 }],
        source: { service: `service-${number}`, layer: 'GENERAL' },
      },
    ],
    'STORED',
    () => true,
  );
  expect(result?.status).toBe('STORED');
  return number;
}

const marks = /(?:mark-|tag-|trait-|service-|00000000-0000-4000-8000-)(\d+)/g;
const seenIn = (text: string): number[] =>
  [...new Set([...text.matchAll(marks)].map(([, number]) => Number(number)))].sort((x, y) => x - y);

const readable = (grants: readonly ModelGrant[]): number[] =>
  [...recorded.keys()].filter((number) => mayRead(grants, recorded[number] as ModelEvent));

beforeAll(async () => {
  const grpcPort = await freePort();
  [statsPort, statusPort] = [await freePort(), await freePort()];
  guarded = await bootGuarded(policyOf(roles), {
    SKYWALKING_GRPC_PORT: String(grpcPort),
    SKYWALKING_STATUS_PORT: String(statusPort),
    MAYASTOR_STATS_PORT: String(statsPort),
  });
  const { origin, webSocketUrl } = guarded.booted;
  at = { origin, webSocketUrl, grpcPort };
  for (const seed of seeds) await record(seed);
});
afterAll(() => guarded[Symbol.asyncDispose]());

/** Mayastor has no message for events about the gateway itself, and SkyWalking's alarms are alarms alone. */
function showsCategory(way: string, category: string): boolean {
  if (way === "Mayastor's history") return !['Audit', 'Alarm'].includes(category);
  return !way.startsWith("SkyWalking's alarms") || category === 'Alarm';
}

/** How a read of somebody with these grants is denied; null where it is answered. */
const expectedDenial = ({ grants }: ModelPrincipal) => {
  if (grants === null) return 'UNAUTHENTICATED';
  return readsAnything(grants) ? null : 'FORBIDDEN';
};

describe.each(principals)('%s', (_name, principal) => {
  const { secret, grants } = principal;

  test.each(Object.entries(pages))('reads by %s', async (way, read) => {
    const { denial, text } = await read(at, secret);
    expect(denial).toBe(expectedDenial(principal));
    const shown = grants === null ? [] : readable(grants);
    const isShown = (number: number) => showsCategory(way, recorded[number]?.category ?? '');
    expect(seenIn(text), text).toEqual(shown.filter(isShown));
  });

  test.each(Object.entries(counts))('counts by %s', async (_way, count) => {
    const { denial, text } = await count(at, secret);
    expect(denial).toBe(expectedDenial(principal));
    if (grants === null || denial !== null) return;
    expect(Number(/\d+/.exec(text)?.[0]), text).toBe(readable(grants).length);
  });

  test('reads statistics of all namespaces only with the right to all', async () => {
    const status = async (url: string) => (await ask(url, { headers: byBearer(secret) })).status;
    const allowed = grants !== null && everywhere(grants, 'READ') ? 200 : 403;
    const expected = grants === null ? 401 : allowed;
    expect(await status(`${at.origin}/metrics`)).toBe(expected);
    expect(await status(`http://127.0.0.1:${statsPort}/stats`)).toBe(expected);
    for (const path of ['rules', 'slow_rule', 'slow_rule/v1']) {
      expect(await status(`http://127.0.0.1:${statusPort}/status/alarm/${path}`)).toBe(expected);
    }
    expect(await status(`${at.origin}/healthz`)).toBe(200);
    expect(await status(`${at.origin}/readyz`)).toBe(200);
  });
});

/** The numbers that a feed has brought, once an event that it must bring, and is recorded now, has come. */
async function brought(
  grants: readonly ModelGrant[],
  within: (event: ModelEvent) => boolean,
  text: () => string,
): Promise<readonly number[]> {
  const [shown] = seeds.filter((seed) => mayRead(grants, seed) && within(seed));
  const [hidden] = seeds.filter((seed) => !(mayRead(grants, seed) && within(seed)));
  if (hidden !== undefined) await record(hidden);
  if (shown === undefined) return seenIn(text());
  const last = await record(shown);
  await eventually(() => expect(seenIn(text())).toContain(last));
  return seenIn(text());
}

describe.each(principals)('%s', (_name, principal) => {
  const { secret, grants } = principal;

  test.each(Object.entries(feeds))('follows %s', async (_way, { open, resumes }) => {
    const begun = recorded.length;
    await using feed = await open(at, secret);
    const denial = expectedDenial(principal);
    if (denial !== null) {
      await eventually(() => expect(feed.denial).toBe(denial));
    }
    const seen = await brought(
      denial === null ? (grants ?? []) : [],
      () => true,
      () => feed.text,
    );
    const expected = denial === null ? readable(grants ?? []) : [];
    expect(seen).toEqual(expected.filter((number) => resumes || number >= begun));
  });

  const namespaces = [...new Set(seeds.map(({ namespace }) => namespace))];
  test.each(namespaces)("follows Nomad's stream of %s", async (namespace) => {
    for (const topic of ['*', 'Volume', 'Pool']) {
      await using feed = await nomadStream(at, secret, topic, namespace);
      const allowed = grants !== null && mayFollow(grants, topic, namespace);
      expect(feed.denial, topic).toBe(allowed ? null : 'FORBIDDEN');
      if (!allowed) continue;
      const within = (event: ModelEvent) =>
        event.namespace === namespace && (topic === '*' || event.category === topic);
      const seen = await brought(grants, within, () => feed.text);
      const expected = readable(grants).filter((number) => within(recorded[number] as ModelEvent));
      expect(seen, topic).toEqual(expected);
    }
  });
});

/** Not even an administrator reports these. */
const neverRecorded = ['GraphQL, about the gateway', 'GraphQL by GET'];

describe.each(Object.entries(reports))('reports by %s', (way, report) => {
  const isRecorded = async (mark: string) => {
    const { data } = await guarded.ask(
      'admin',
      '{ events(first: 50, orderBy: INDEX_DESC) { nodes { namespace category { name } key filterKeys severity message tags raw traits { name } } } }',
    );
    const found = data.events.nodes.find((node: object) => JSON.stringify(node).includes(mark));
    return found === undefined ? null : { ...found, category: found.category.name };
  };

  test('are recorded for those who may report such an event, and for nobody else', async () => {
    const made = `made-${crypto.randomUUID()}`;
    await report(at, 'admin', made);
    const event: ModelEvent | null = await isRecorded(made);
    expect(event === null).toBe(neverRecorded.includes(way));
    for (const [name, { secret, grants }] of principals) {
      const mark = `made-${crypto.randomUUID()}`;
      const denial = await report(at, secret, mark);
      const allowed = grants !== null && event !== null && mayReport(grants, event);
      if (allowed)
        await eventually(async () => expect(await isRecorded(mark), name).not.toBeNull());
      else expect(await isRecorded(mark), name).toBeNull();
      const answer =
        grants === null ? expect.stringMatching(/^(UNAUTHENTICATED|FORBIDDEN)$/) : 'FORBIDDEN';
      expect(denial, name).toEqual(allowed ? null : answer);
    }
  });
});
