import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { bootGateway, type TestGateway } from '../harness.ts';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../postgres.ts';
import { bearer, tokensFor } from './guarded-gateway.ts';
import { followBySocket } from './socket-follower.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  a: { grants: [{ actions: [READ, REPORT], namespaces: [a] }] }
  b: { grants: [{ actions: [READ, REPORT], namespaces: [b] }] }
  shared: { grants: [{ actions: [READ] }], limits: { maxFeeds: 2 } }
${tokensFor('admin', 'a', 'b', 'shared')}`;
const widened = policy.replace('namespaces: [a] }] }', 'namespaces: [a, c] }] }');

/** Within this time what must end has ended, in every gateway. */
const promptlyMs = 2_000;

describe.skipIf(!(await postgresAvailable()))('two gateways on NATS and PostgreSQL', () => {
  let nats: NatsServer;
  let database: TestDatabase;
  let folder: string;
  let file: string;
  let gateways: TestGateway[];

  beforeAll(async () => {
    [nats, database] = await Promise.all([startNatsServer(), startDatabase()]);
    folder = await mkdtemp(join(tmpdir(), 'tidings-two-'));
    file = join(folder, 'auth.yaml');
    await writeFile(file, policy);
    const environment = {
      NATS_URL: nats.url,
      DATABASE_URL: database.url,
      TIDINGS_AUTH_FILE: file,
    };
    gateways = [await bootGateway({ environment }), await bootGateway({ environment })];
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
    await Promise.all([nats[Symbol.asyncDispose](), database[Symbol.asyncDispose]()]);
    await rm(folder, { recursive: true });
  });

  const at = (place: number): TestGateway => gateways[place] as TestGateway;

  async function ask(place: number, secret: string, query: string, variables: object = {}) {
    const response = await fetch(at(place).url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(secret) },
      body: JSON.stringify({ query, variables }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of the answer.
    const body = (await response.json()) as { data?: any; errors?: readonly object[] };
    return { status: response.status, ...body };
  }

  const report = async (namespace: string): Promise<number> => {
    const { data } = await ask(
      0,
      'admin',
      'mutation ($namespace: String!) { reportEvent(event: { namespace: $namespace, category: "Test" }) { ... on ReportedEvent { index } } }',
      { namespace },
    );
    return data.reportEvent.index;
  };

  /** A socket at a gateway that follows a namespace from the beginning, and has begun. */
  async function follower(place: number, secret: string, namespace: string) {
    const query = `subscription { events(afterIndex: 0, filter: { namespaces: ["${namespace}"] }) { index } }`;
    const followed = await followBySocket(at(place), secret, query);
    await followed.until('next');
    return followed;
  }

  test('a token that one revokes ends feeds and sockets at the other, and nobody else', async () => {
    const index = await report('a');
    const { data } = await ask(
      0,
      'admin',
      'mutation { createToken(input: { name: "made", roles: ["a"] }) { secret token { id } } }',
    );
    const { secret, token } = data.createToken;
    const followed = await follower(1, secret, 'a');
    const stranger = await follower(1, 'a', 'a');
    const alarms = await followBySocket(at(1), secret, 'subscription { alarms { id } }');
    await ask(0, 'admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', { id: token.id });
    const { payload } = await followed.until('error', promptlyMs);
    expect(payload).toMatchObject([{ extensions: { code: 'FORBIDDEN', lastIndex: index } }]);
    for (const { closed } of [followed, alarms]) {
      await vi.waitFor(() => expect(closed()).toBe(4403), promptlyMs);
    }
    expect(alarms.messages.at(-1)).toMatchObject({
      payload: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect((await ask(1, secret, '{ viewer { name } }')).status).toBe(401);
    expect(stranger.messages.map(({ type }) => type)).not.toContain('error');
    expect(stranger.closed()).toBeNull();
    stranger.socket.terminate();
  });

  test('a changed policy ends the feeds whose rights it changes, and the others go on', async () => {
    const index = await report('a');
    await report('b');
    const changed = [await follower(0, 'a', 'a'), await follower(1, 'a', 'a')];
    const same = [await follower(0, 'b', 'b'), await follower(1, 'b', 'b')];
    const whole = { extensions: { code: 'FORBIDDEN', lastIndex: expect.any(Number) } };
    await vi.waitFor(() => {
      for (const { messages } of changed) {
        expect(messages.at(-1)).toMatchObject({ payload: { data: { events: { index } } } });
      }
    }, 30_000);
    await writeFile(file, widened);
    await Promise.all(gateways.map(({ gateway }) => gateway.reload()));
    for (const { until } of changed) {
      expect((await until('error', promptlyMs)).payload).toMatchObject([whole]);
    }
    // A feed that goes on still gets events.
    const later = await report('b');
    for (const { messages, closed } of same) {
      await vi.waitFor(
        () =>
          expect(messages.at(-1)).toMatchObject({
            payload: { data: { events: { index: later } } },
          }),
        30_000,
      );
      expect(messages.map(({ type }) => type)).not.toContain('error');
      expect(closed()).toBeNull();
    }
    for (const { socket, closed } of [...changed, ...same]) {
      expect(closed()).toBeNull();
      socket.terminate();
    }
    await writeFile(file, policy);
    await Promise.all(gateways.map(({ gateway }) => gateway.reload()));
  });

  interface Shown {
    readonly index: number;
    readonly id: string;
    readonly namespace: string;
    readonly message: string;
  }
  const selected = 'index id namespace message';

  /** Follows everything at a gateway up to an index, and keeps these events. */
  async function shownLive(place: number, ids: ReadonlySet<string>, last: number) {
    const query = `subscription { events(afterIndex: 0) { ${selected} } }`;
    const followed = await followBySocket(at(place), 'admin', query);
    const shown = await vi.waitFor(() => {
      const events = followed.messages.flatMap(
        ({ payload }) => (payload as { data?: { events: Shown } } | undefined)?.data?.events ?? [],
      );
      expect(events.some(({ index }) => index >= last)).toBe(true);
      return events;
    }, 30_000);
    followed.socket.terminate();
    return shown.filter(({ id }) => ids.has(id));
  }

  const conflictsCounted = async (): Promise<number> => {
    const counts = await Promise.all(
      gateways.map(async ({ origin }) => {
        const response = await fetch(`${origin}/metrics`, { headers: bearer('admin') });
        const found = /^tidings_reports_conflicting_total (\d+)/m.exec(await response.text());
        return Number(found?.[1]);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  };

  test('an id that two tenants report at once belongs to the first in the journal, in every gateway; the other report is set aside, counted and audited', async () => {
    const mutation =
      'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: ACCEPTED) { results { __typename ... on ReportedEvent { id index } ... on RejectedEvent { errors { code } } } } }';
    const countedBefore = await conflictsCounted();
    const ids = new Set<string>();
    const accepted: { id: string; index: number; namespace: string }[] = [];
    // Each tenant reports the same ids, each at a gateway of its own, at the same time and in an order of its own.
    const race = async () => {
      const asked = Array.from({ length: 4 }, () => crypto.randomUUID());
      for (const id of asked) ids.add(id);
      const places = Math.random() < 0.5 ? [0, 1] : [1, 0];
      await Promise.all(
        ['a', 'b'].map(async (namespace, tenant) => {
          const events = asked
            .sort(() => Math.random() - 0.5)
            .map((id) => ({ id, namespace, category: 'Race', message: `of ${namespace}` }));
          const { data, errors } = await ask(places[tenant] ?? 0, namespace, mutation, { events });
          expect(errors).toBeUndefined();
          for (const result of data.reportEvents.results) {
            if (result.__typename === 'ReportedEvent') accepted.push({ ...result, namespace });
            else expect(result.errors).toMatchObject([{ code: 'CONFLICT' }]);
          }
        }),
      );
    };
    const ownerOf = (id: string) =>
      accepted.filter((each) => each.id === id).sort((x, y) => x.index - y.index)[0]?.namespace;
    const late = () => accepted.filter(({ id, namespace }) => ownerOf(id) !== namespace).length;
    for (let races = 0; races < 10 || (late() === 0 && races < 500); races += 1) await race();
    expect(late()).toBeGreaterThan(0);

    const last = await report('c');
    const filter = `filter: { ids: ${JSON.stringify([...ids].slice(0, 900))} }, first: 1000`;
    const stored = await ask(
      0,
      'admin',
      `{ events(${filter}, orderBy: INDEX_ASC, minIndex: ${last}) { nodes { ${selected} } } }`,
    );
    const events: readonly Shown[] = stored.data.events.nodes;
    expect(events.length).toBe(Math.min(ids.size, 900));
    for (const { id, namespace, message } of events) {
      expect(namespace).toBe(ownerOf(id));
      expect(message).toBe(`of ${namespace}`);
    }
    for (const place of [0, 1]) {
      const live = await shownLive(place, new Set(events.map(({ id }) => id)), last);
      expect(live).toEqual(events);
    }
    // Neither tenant is shown anything of the other's.
    for (const [place, tenant] of [
      [0, 'a'],
      [1, 'b'],
    ] as const) {
      const { data } = await ask(place, tenant, `{ events(${filter}) { nodes { ${selected} } } }`);
      expect(new Set(data.events.nodes.map(({ id }: Shown) => id))).toEqual(
        new Set(events.filter(({ namespace }) => namespace === tenant).map(({ id }) => id)),
      );
    }
    // Some are answered CONFLICT once they are in the journal, and are set aside as well.
    const counted = (await conflictsCounted()) - countedBefore;
    expect(counted).toBeGreaterThanOrEqual(late());
    expect(counted).toBeLessThanOrEqual(ids.size);
    await vi.waitFor(async () => {
      const { data } = await ask(
        1,
        'admin',
        '{ events(filter: { types: ["Audit.ReportSetAside"] }) { nodes { key severity trait(name: "namespace") { text } } } }',
      );
      const [entry] = data.events.nodes;
      expect(entry).toMatchObject({ severity: 'ERROR' });
      expect(ownerOf(entry.key)).toBe(entry.trait.text === 'a' ? 'b' : 'a');
    }, 30_000);
  });

  test('a ticket is used once, at whichever gateway', async () => {
    const { data } = await ask(0, 'a', 'mutation { createStreamTicket { ticket } }');
    const { ticket } = data.createStreamTicket;
    const open = async (place: number): Promise<number> => {
      const query = encodeURIComponent('{ viewer { name } }');
      const response = await fetch(`${at(place).url}?ticket=${ticket}&query=${query}`, {
        headers: { accept: 'text/event-stream' },
      });
      await response.body?.cancel();
      return response.status;
    };
    const statuses = await Promise.all([open(0), open(1), open(0), open(1)]);
    expect(statuses.sort()).toEqual([200, 401, 401, 401]);
  });

  test('each grants its part of a limit, once it knows of the other', async () => {
    const client = createClient({
      url: at(0).webSocketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: 'Bearer shared' },
    });
    // Two feeds for two gateways: one for each.
    const first = client.iterate({ query: 'subscription { events(afterIndex: 0) { index } }' });
    await first.next();
    await expect
      .poll(async () => {
        const second = client.iterate({ query: 'subscription { events { index } }' });
        const next = second.next().then(
          () => 'BEGUN',
          (errors) => errors[0]?.extensions.code,
        );
        const code = await Promise.race([
          next,
          new Promise((resolve) => setTimeout(() => resolve('BEGUN'), 500)),
        ]);
        await second.return?.();
        return code;
      })
      .toBe('RATE_LIMITED');
    await client.dispose();
  });
});
