import { randomBytes, randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import { notification } from '../dialects/ceilometer/gateway.ts';
import { ask, OpenStream } from '../dialects/http-client.ts';
import { Random } from '../fuzz/random.ts';
import { patienceMs } from '../patience.ts';
import { byBasic, byBearer, byNomad, bySkyWalking, byVamp, type HeadersOf } from './callers.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  mine: { grants: [{ actions: [READ, REPORT], namespaces: [mine] }] }
  theirs: { grants: [{ actions: [READ, REPORT], namespaces: [theirs-x7Qf] }] }
  east: { grants: [{ actions: [READ, REPORT], namespaces: [east] }] }
  west: { grants: [{ actions: [READ, REPORT], namespaces: [west] }] }
${tokensFor('admin', 'mine', 'theirs', 'east', 'west')}`;

/** The words by which an event can be asked for. */
interface Reference {
  readonly id: string;
  readonly namespace: string;
  readonly category: string;
  readonly key: string;
  readonly service: string;
  readonly instance: string;
  readonly endpoint: string;
  readonly tag: string;
  readonly trait: string;
}

const word = (): string => `w${randomBytes(8).toString('hex')}`;

const newReference = (namespace: string): Reference => ({
  id: randomUUID(),
  namespace,
  category: word(),
  key: word(),
  service: word(),
  instance: word(),
  endpoint: word(),
  tag: word(),
  trait: word(),
});

const draftOf = ({ tag, trait, service, instance, endpoint, ...event }: Reference) =>
  ({
    ...event,
    dialect: 'SKYWALKING',
    severity: 'ERROR',
    action: 'Happened',
    message: word(),
    tags: [tag],
    traits: [{ name: trait, type: 'INT', value: 7 }],
    source: { service, instance, endpoint, layer: 'GENERAL' },
    value: { amount: 7 },
  }) as const;

interface Request {
  readonly path: string;
  readonly by: HeadersOf;
  readonly method?: 'GET' | 'POST';
  readonly type?: string;
  readonly body?: string;
}

const graphQL = (query: string, variables: object = {}): Request => ({
  path: '/graphql',
  by: byBearer,
  method: 'POST',
  body: JSON.stringify({ query, variables }),
});

const skyWalking = (query: string, variables: object = {}): Request => ({
  ...graphQL(query, variables),
  path: '/skywalking/graphql',
  by: bySkyWalking,
});

const vampPage = (path: string): Request => ({ path, by: byVamp });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Everything at once: the answer may never change while only others report. */
const wholes: readonly Request[] = [
  graphQL(
    '{ events(first: 1000) { totalCount pageInfo { hasNextPage endCursor } nodes { id index message } } }',
  ),
  graphQL(
    '{ events(first: 1, orderBy: INDEX_ASC) { pageInfo { hasPreviousPage } nodes { index } } }',
  ),
  graphQL('{ aggregateEvents(measure: { value: "amount" }) { truncated rows { count sum max } } }'),
  graphQL(
    '{ aggregateEvents(groupBy: [{ field: NAMESPACE }, { field: KEY }]) { rows { count group { value } } } }',
  ),
  graphQL('{ tags(first: 1000) { truncated nodes { tag count } } }'),
  graphQL('{ categories { name actions { name } } }'),
  graphQL('{ traitDescriptors { name type eventType } }'),
  graphQL('{ tokens { name } sinks { name } }'),
  vampPage('/*/api/v1/events'),
  vampPage('/*/api/v1/stats'),
  skyWalking('{ listLayers listServices { id name layers } }'),
  skyWalking(
    '{ queryEvents(condition: { time: { start: "2000-01-01", end: "2100-01-01", step: DAY }, paging: { pageSize: 1000 } }) { events { uuid message } } }',
  ),
  { path: '/mayastor/events.ndjson?since=876000h', by: byBearer },
  { path: '/v1/event/stream?namespace=*', by: byNomad },
  { path: '/metrics', by: byBearer },
];

/** A filter that asks for an event in one of many ways. */
function filterFor(reference: Reference, random: Random): object {
  const { id, namespace, category, key, service, instance, endpoint, tag, trait } = reference;
  const filter = random.pick<object>([
    { ids: [id] },
    { namespaces: [namespace] },
    { categories: [category] },
    { types: [`${category}.*`] },
    { topics: [`${category}:${key}`] },
    { topics: [`*:${key}`] },
    { keys: [key] },
    { anyTags: [tag] },
    { source: { service } },
    { source: { instance, endpoint } },
    { traits: [{ name: trait, op: 'EXISTS' }] },
    { any: [{ keys: [key] }, { tags: [tag] }] },
  ]);
  return random.chance(0.2) ? { not: filter } : filter;
}

/** Something about one event: the answer may not depend on whether somebody else has such an event. */
const asks: readonly ((reference: Reference, random: Random) => Request)[] = [
  ({ id }) => graphQL('query ($id: ID!) { event(id: $id) { id } }', { id }),
  (reference, random) =>
    graphQL('query ($f: EventFilter) { events(filter: $f) { totalCount nodes { id } } }', {
      f: filterFor(reference, random),
    }),
  (reference, random) =>
    graphQL(
      'query ($f: EventFilter) { aggregateEvents(filter: $f, measure: { value: "amount" }, groupBy: [{ field: SEVERITY }]) { rows { count sum group { value } } } }',
      { f: filterFor(reference, random) },
    ),
  (reference, random) =>
    graphQL('query ($f: EventFilter) { tags(filter: $f) { nodes { tag count } } }', {
      f: filterFor(reference, random),
    }),
  ({ tag }) =>
    graphQL('query ($p: String) { tags(prefix: $p) { nodes { tag } } }', { p: tag.slice(0, 6) }),
  ({ category }) =>
    graphQL(
      'query ($n: [String!]) { categories(names: $n) { actions { name } } traitDescriptors(types: $n) { name } }',
      {
        n: [category],
      },
    ),
  ({ namespace, tag }) => vampPage(`/${namespace}/api/v1/events?tag=${tag}`),
  ({ tag }) => vampPage(`/*/api/v1/events?tag=${tag}`),
  ({ namespace, key }) => vampPage(`/${namespace}/api/v1/health/gateways/${key}`),
  ({ id }) =>
    skyWalking(
      'query ($c: EventQueryCondition) { queryEvents(condition: $c) { events { uuid message } } }',
      { c: { uuid: id, paging: { pageSize: 10 } } },
    ),
  ({ service }) =>
    skyWalking('query ($n: String!) { findService(serviceName: $n) { id } }', { n: service }),
  ({ service }) =>
    skyWalking(
      'query ($i: String!) { getService(serviceId: $i) { name } findEndpoint(serviceId: $i, limit: 10) { name } }',
      {
        i: `${base64(service)}.1`,
      },
    ),
  ({ service, instance }) =>
    skyWalking('query ($i: String!) { getInstance(instanceId: $i) { name } }', {
      i: `${base64(service)}.1_${base64(instance)}`,
    }),
  ({ namespace, category }) => ({
    path: `/v1/event/stream?namespace=${namespace}&topic=${category}`,
    by: byNomad,
  }),
  // Reports of what does not belong to the caller.
  ({ id, namespace }) =>
    graphQL(
      'mutation ($e: EventInput!) { reportEvent(event: $e) { ... on RejectedEvent { errors { code } } } }',
      { e: { id, namespace, category: 'Stolen' } },
    ),
  ({ namespace, tag }) => ({
    ...vampPage(`/${namespace}/api/v1/events`),
    method: 'POST',
    body: JSON.stringify({ tags: [tag] }),
  }),
  ({ id, namespace }) => ({
    path: `/cloudevents?namespace=${namespace}`,
    by: byBearer,
    method: 'POST',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ specversion: '1.0', id, source: '/stolen', type: 'Stolen' }),
  }),
  ({ id }) => ({
    path: '/v3/events',
    by: bySkyWalking,
    method: 'POST',
    body: JSON.stringify([{ uuid: id, name: 'Stolen', layer: 'GENERAL', endTime: Date.now() }]),
  }),
  ({ id }) => ({
    path: '/v1/notifications',
    by: byBasic,
    method: 'POST',
    body: JSON.stringify(notification(id)),
  }),
];

/** Completes or moves an event of somebody else into the caller's own namespace. */
const takings: readonly ((reference: Reference) => Request)[] = [
  ({ id }) =>
    graphQL(
      'mutation ($e: EventInput!) { reportEvent(event: $e) { ... on RejectedEvent { errors { code message } } } }',
      { e: { id, namespace: 'mine', category: 'Stolen', endTime: new Date().toISOString() } },
    ),
  ({ id }) => ({
    path: '/cloudevents?namespace=mine',
    by: byBearer,
    method: 'POST',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ specversion: '1.0', id, source: '/stolen', type: 'Stolen' }),
  }),
];

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Tenants who report the same ids at once. */
const racers = ['east', 'west'] as const;

/** A report of a racer that was acknowledged. */
interface Acknowledged {
  readonly id: string;
  readonly index: number;
  readonly namespace: string;
  readonly tag: string;
}

interface RaceEvent {
  readonly id: string;
  readonly index: number;
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly message: string;
  readonly endTime: string | null;
}

/** Which journal and database the tenants share; the embedded journal when absent. */
export interface Where {
  readonly environment?: Record<string, string>;
  /** On PGlite, even where there is PostgreSQL. */
  readonly embedded?: boolean;
}

/** Two tenants of one gateway: one of them tries to learn of the other, or to change what is theirs. */
export class Tenants implements AsyncDisposable {
  readonly #guarded: GuardedGateway;
  readonly #theirs: Reference[] = [];
  /** Answers to the requests for everything, before anybody else reported. */
  readonly #before: Answer[] = [];
  readonly #raced = new Set<string>();
  readonly #acknowledged: Acknowledged[] = [];
  #indexes: readonly number[] = [];
  #lastMark = '';
  attempts = 0;

  private constructor(guarded: GuardedGateway) {
    this.#guarded = guarded;
  }

  static async open(where: Where = {}): Promise<Tenants> {
    const { environment, embedded = false } = where;
    const tenants = new Tenants(await bootGuarded(policy, environment, {}, embedded));
    await tenants.#begin();
    return tenants;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#guarded[Symbol.asyncDispose]();
  }

  /** Tries as often as it is said, in several loops at once. */
  async attack(attempts: number, seed: number): Promise<void> {
    const loops = 6;
    const before = await this.#kept();
    const last = this.attempts + attempts;
    await Promise.all(
      Array.from({ length: loops }, async (_, loop) => {
        const random = new Random(seed, loop);
        while (this.attempts < last) {
          this.attempts += 1;
          await this.#attempt(random);
        }
      }),
    );
    const after = await this.#kept();
    expect(after.filter(({ id }) => before.some((each) => each.id === id))).toEqual(before);
    expect(after).toHaveLength(this.#theirs.length);
    await this.#expectOwners();
  }

  async #begin(): Promise<void> {
    const own = Array.from({ length: 5 }, () => newReference('mine'));
    for (let n = 0; n < 5; n++) await this.#report();
    const { intake } = this.#guarded.booted.gateway.context;
    const results = await intake.report(own.map(draftOf), 'STORED');
    this.#indexes = results.flatMap((result) =>
      result.status === 'REJECTED' ? [] : [result.index],
    );
    this.#lastMark = own.at(-1)?.key ?? '';
    for (const request of wholes) this.#before.push(await this.#asked(request));
    // The tenant sees something of its own, or else nothing would be tested.
    expect(this.#before[0]?.body).toContain('"totalCount":5');
  }

  /** The other tenant goes on reporting. */
  async #report(): Promise<void> {
    const reference = newReference('theirs-x7Qf');
    const { intake } = this.#guarded.booted.gateway.context;
    const [result] = await intake.report([draftOf(reference)], 'STORED');
    expect(result?.status).toBe('STORED');
    this.#theirs.push(reference);
  }

  async #attempt(random: Random): Promise<void> {
    if (random.chance(0.01)) await this.#report();
    const reference = random.pick(this.#theirs);
    const kind = random.below(100);
    if (kind < 15) await this.#whole(random.below(wholes.length));
    else if (kind < 85) await this.#compare(reference, random);
    else if (kind < 93) await this.#take(reference, random);
    else if (kind < 97) await this.#race(random);
    else await this.#follow(random);
  }

  async #whole(at: number): Promise<void> {
    const request = wholes[at] as Request;
    expect(await this.#asked(request), request.body ?? request.path).toEqual(this.#before[at]);
  }

  /** The answer must be that to a question after something that nobody has. */
  async #compare(reference: Reference, random: Random): Promise<void> {
    const ask = random.pick(asks);
    const fake = newReference(`theirs-${randomBytes(2).toString('hex')}`);
    // Both questions are the same but for their words.
    const choice = random.below(2 ** 30);
    const [real, imagined] = [reference, fake].map((each) => ask(each, new Random(choice, 0))) as [
      Request,
      Request,
    ];
    const answers = [
      hidingWords(await this.#asked(real), reference),
      hidingWords(await this.#asked(imagined), fake),
    ];
    expect(answers[0], real.body ?? real.path).toEqual(answers[1]);
  }

  async #take(reference: Reference, random: Random): Promise<void> {
    const { body } = await this.#asked(random.pick(takings)(reference));
    expect(body).toContain('"code":"CONFLICT"');
    this.#expectNothingOfTheirs(body.replaceAll(reference.id, ''));
  }

  /** Both tenants begin and complete the same new ids, each report in a request of its own and all at once. */
  async #race(random: Random): Promise<void> {
    const ids = Array.from({ length: 1 + random.below(3) }, () => randomUUID());
    const mutation =
      'mutation ($e: EventInput!, $w: ReportWait!) { reportEvent(event: $e, wait: $w) { ... on ReportedEvent { id index } ... on RejectedEvent { errors { code message } } } }';
    const reports = ids.flatMap((id) =>
      racers.flatMap((namespace) => [
        { id, namespace, time: '2026-03-01T01:00:00Z' },
        { id, namespace, time: '2026-03-01T01:00:00Z', endTime: '2026-03-01T02:00:00Z' },
      ]),
    );
    for (const id of ids) this.#raced.add(id);
    await Promise.all(
      random.shuffled(reports).map(async (report) => {
        const { id, namespace } = report;
        const tag = `${namespace}-${word()}`;
        const e = { ...report, category: 'Race', tags: [tag], message: `of ${namespace}` };
        const w = random.pick(['ACCEPTED', 'STORED']);
        const { data, errors } = await this.#guarded.ask(namespace, mutation, { e, w });
        expect(errors).toBeUndefined();
        const { index, errors: rejected } = data.reportEvent;
        if (rejected === undefined) this.#acknowledged.push({ id, index, namespace, tag });
        else {
          expect(rejected).toMatchObject([{ code: 'CONFLICT' }]);
          const [other] = racers.filter((each) => each !== namespace);
          expect(JSON.stringify(rejected)).not.toContain(other);
        }
      }),
    );
  }

  /** Each id belongs to whoever was first in the journal, with all that they reported and nothing of the other's. */
  async #expectOwners(): Promise<void> {
    expect(this.#raced.size).toBeGreaterThan(0);
    const byIndex = this.#acknowledged.toSorted((a, b) => a.index - b.index);
    const last = byIndex.at(-1)?.index ?? 0;
    const query =
      'query ($n: String!, $last: SafeInt!) { events(filter: { namespaces: [$n], categories: ["Race"] }, first: 1000, orderBy: INDEX_DESC, minIndex: $last) { totalCount nodes { id index namespace tags message endTime } } }';
    const shown: RaceEvent[] = [];
    for (const n of racers) {
      const { data, errors } = await this.#guarded.ask(n, query, { n, last });
      expect(errors).toBeUndefined();
      const { nodes, totalCount } = data.events;
      shown.push(...nodes);
      expect(totalCount).toBeLessThanOrEqual(1_000);
      const [other] = racers.filter((each) => each !== n);
      const ofOther = await this.#guarded.ask(n, query, { n: other, last });
      expect(ofOther.data.events).toEqual({ totalCount: 0, nodes: [] });
      expect(JSON.stringify(nodes)).not.toContain(other);
    }
    const byId = new Map(shown.map((event) => [event.id, event]));
    expect(shown).toHaveLength(byId.size);
    expect([...byId.keys()].sort()).toEqual([...this.#raced].sort());
    for (const [id, { namespace, tags, message, index, endTime }] of byId) {
      const reports = byIndex.filter((each) => each.id === id);
      expect(namespace).toBe(reports[0]?.namespace);
      const own = reports.filter((each) => each.namespace === namespace);
      expect(tags.toSorted()).toEqual(own.map(({ tag }) => tag).sort());
      expect(index).toBe(own.at(-1)?.index);
      expect(message).toBe(`of ${namespace}`);
      // Both reports of the owner are in it: none was taken for one of the other's.
      expect([own.length, endTime]).toEqual([2, '2026-03-01T02:00:00.000Z']);
    }
    for (const n of racers) await this.#expectFollows(n, byId);
  }

  /** A feed from the beginning shows a racer its own events, and nothing of the ids that it lost. */
  async #expectFollows(namespace: string, events: ReadonlyMap<string, RaceEvent>): Promise<void> {
    const { origin } = this.#guarded.booted;
    const own = [...events.values()].filter((event) => event.namespace === namespace);
    await using open = await OpenStream.open(`${origin}/cloudevents/stream?after=0`, {
      headers: byBearer(namespace),
    });
    await vi.waitFor(() => {
      for (const { id } of own) expect(open.text).toContain(id);
    }, patienceMs);
    const lost = [...this.#raced].filter((id) => events.get(id)?.namespace !== namespace);
    for (const id of lost) expect(open.text).not.toContain(id);
    for (const other of racers) if (other !== namespace) expect(open.text).not.toContain(other);
  }

  /** Resumes a feed after any index up to its own last event. */
  async #follow(random: Random): Promise<void> {
    const first = random.below(this.#indexes.at(-1) ?? 1);
    const own = this.#indexes.filter((index) => index > first);
    const { origin } = this.#guarded.booted;
    const paths = [
      `/cloudevents/stream?after=${first}`,
      `/mine/api/v1/events/stream?after=${first}`,
      `/*/api/v1/events/stream?after=${first}`,
      `/v1/event/stream?namespace=mine&after=${first}`,
    ];
    await using open = await OpenStream.open(`${origin}${random.pick(paths)}`, {
      headers: { accept: '*/*', ...byBearer('mine') },
    });
    const ending = open.headers['content-type'] === 'text/event-stream' ? 'w' : this.#lastMark;
    const events = () =>
      open.text.split('\n').filter((line) => /Happened/.test(line) && line.includes('{'));
    await vi.waitFor(() => {
      expect(open.text).toContain(ending);
      expect(events().length).toBeGreaterThanOrEqual(own.length);
    }, 30_000);
    expect(events()).toHaveLength(own.length);
    this.#expectNothingOfTheirs(open.text);
  }

  #expectNothingOfTheirs(text: string): void {
    for (const reference of this.#theirs) {
      for (const each of Object.values(reference)) expect(text).not.toContain(each);
    }
  }

  /** An embedded database with other work asks for patience: whoever asks again is answered. */
  #asked(request: Request): Promise<Answer> {
    return vi.waitFor(async () => {
      const answer = await this.#askedOnce(request);
      expect(answer.body).not.toContain('"code":"UNAVAILABLE"');
      expect(answer.status).not.toBe(503);
      return answer;
    }, patienceMs);
  }

  async #askedOnce({ path, by, method = 'GET', type, body }: Request): Promise<Answer> {
    const reply = await ask(`${this.#guarded.booted.origin}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': type ?? 'application/json' }),
        ...by('mine'),
      },
      ...(body !== undefined && { body }),
    });
    return { status: reply.status, body: comparable(reply.body) };
  }

  /** The other tenant's events as an administrator sees them. */
  async #kept(): Promise<readonly { readonly id: string }[]> {
    const { data } = await this.#guarded.ask(
      'admin',
      '{ events(first: 1000, orderBy: INDEX_ASC, filter: { namespaces: ["theirs-x7Qf"] }) { nodes { id index type key tags message endTime recordedAt source { service } value } } }',
    );
    return data.events.nodes;
  }
}

/** Errors have their place in the document at its first execution, and not once it is compiled. */
function comparable(body: string): string {
  if (!body.startsWith('{"errors":') && !body.startsWith('{"data":')) return body;
  const { data, errors } = JSON.parse(body) as { data: unknown; errors?: readonly object[] };
  return JSON.stringify({
    data,
    errors: errors?.map((error) => ({ ...error, locations: undefined })),
  });
}

/** Words that the question had may be repeated in its answer. */
function hidingWords({ status, body }: Answer, reference: Reference): Answer {
  let hidden = body;
  for (const [name, each] of Object.entries(reference)) {
    hidden = hidden.replaceAll(each, `<${name}>`);
  }
  return { status, body: hidden };
}
