import { randomBytes, randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import { notification } from '../dialects/ceilometer/gateway.ts';
import { ask, OpenStream } from '../dialects/http-client.ts';
import { Random } from '../fuzz/random.ts';
import { byBasic, byBearer, byNomad, bySkyWalking, byVamp, type HeadersOf } from './callers.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  mine: { grants: [{ actions: [READ, REPORT], namespaces: [mine] }] }
  theirs: { grants: [{ actions: [READ, REPORT], namespaces: [theirs-x7Qf] }] }
${tokensFor('admin', 'mine', 'theirs')}`;

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

/** Two tenants of one gateway: one of them tries to learn of the other, or to change what is theirs. */
export class Tenants implements AsyncDisposable {
  readonly #guarded: GuardedGateway;
  readonly #theirs: Reference[] = [];
  /** Answers to the requests for everything, before anybody else reported. */
  readonly #before: Answer[] = [];
  #indexes: readonly number[] = [];
  #lastMark = '';
  attempts = 0;

  private constructor(guarded: GuardedGateway) {
    this.#guarded = guarded;
  }

  static async open(): Promise<Tenants> {
    const tenants = new Tenants(await bootGuarded(policy));
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
    else if (kind < 97) await this.#take(reference, random);
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

  async #asked({ path, by, method = 'GET', type, body }: Request): Promise<Answer> {
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
