import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  type Answered,
  byBearer,
  byNomad,
  bySkyWalking,
  byVamp,
  denialIn,
  get,
  type OpenFeedOf,
  post,
  stream,
} from './callers.ts';

/** Where a gateway is. */
export interface Ports {
  readonly origin: string;
  readonly webSocketUrl: string;
}

type Page = (at: Ports, secret: string | null) => Promise<Answered>;
type Feed = (at: Ports, secret: string | null) => Promise<OpenFeedOf>;

const encoded = (parameters: Readonly<Record<string, string>>) => new URLSearchParams(parameters);

const asked =
  (query: string): Page =>
  ({ origin }, secret) =>
    post(`${origin}/graphql`, byBearer(secret), { query });

const queried =
  (query: string): Page =>
  ({ origin }, secret) =>
    post(`${origin}/skywalking/graphql`, bySkyWalking(secret), { query });

const skyWalkingEvents =
  '{ queryEvents(condition: { uuid: "", time: { start: "2000-01-01", end: "2100-01-01", step: DAY }, paging: { pageSize: 1000 } }) { events { message } } }';

const alarmTime = 'duration: { start: "2000-01-01", end: "2100-01-01", step: DAY }';

/** Ways to read what is stored: each event that is shown has its mark, tag or service in the answer. */
export const pages: Readonly<Record<string, Page>> = {
  'GraphQL by POST': asked('{ events(first: 1000) { nodes { message } } }'),
  'GraphQL by GET': ({ origin }, secret) =>
    get(
      `${origin}/graphql?${encoded({ query: '{ events(first: 1000) { nodes { message } } }' })}`,
      byBearer(secret),
    ),
  'GraphQL by server-sent events': ({ origin }, secret) =>
    get(
      `${origin}/graphql?${encoded({ query: '{ events(first: 1000) { nodes { message } } }' })}`,
      {
        accept: 'text/event-stream',
        ...byBearer(secret),
      },
    ),
  'GraphQL by WebSocket': (at, secret) =>
    overSocket(at, secret, '{ events(first: 1000) { nodes { message } } }'),
  aggregates: asked(
    '{ aggregateEvents(groupBy: [{ field: SERVICE }], first: 1000) { rows { group { value } } } }',
  ),
  tags: asked('{ tags(first: 1000) { nodes { tag } } }'),
  'the catalogue of traits': asked('{ traitDescriptors { name } }'),
  "Vamp's events": ({ origin }, secret) =>
    get(`${origin}/*/api/v1/events`, { accept: 'application/json', ...byVamp(secret) }),
  "Vamp's events as YAML": ({ origin }, secret) =>
    get(`${origin}/*/api/v1/events`, { accept: 'application/x-yaml', ...byVamp(secret) }),
  "Vamp's WebSocket": async (at, secret) => {
    await using socket = await vampSocket(at, secret);
    if (socket.denial === null) await socket.asked('/*/events');
    return { denial: socket.denial ?? denialIn(socket.text), text: socket.text, headers: {} };
  },
  "SkyWalking's events": queried(skyWalkingEvents),
  "SkyWalking's alarms by getAlarm": queried(
    `{ getAlarm(${alarmTime}, paging: { pageSize: 100 }) { msgs { message } } }`,
  ),
  "SkyWalking's alarms by queryAlarms": queried(
    `{ queryAlarms(condition: { ${alarmTime}, paging: { pageSize: 100 } }) { msgs { message } } }`,
  ),
  "SkyWalking's alarms by their tags": queried(
    `{ queryAlarmTagAutocompleteValues(tagKey: "team", ${alarmTime}) }`,
  ),
  "SkyWalking's services": queried('{ listServices { name } }'),
  "Mayastor's history": ({ origin }, secret) =>
    get(`${origin}/mayastor/events.ndjson?since=876000h`, byBearer(secret)),
};

/** Ways to count: the number is all that the answer has. */
export const counts: Readonly<Record<string, Page>> = {
  totalCount: asked('{ events { totalCount } }'),
  "Vamp's aggregator": ({ origin }, secret) =>
    get(
      `${origin}/*/api/v1/events`,
      { accept: 'application/json', ...byVamp(secret) },
      '{"tags":[],"aggregator":{"type":"count"}}',
    ),
  "Vamp's total": async ({ origin }, secret) => {
    const answered = await get(`${origin}/*/api/v1/events?per_page=1`, {
      accept: 'application/json',
      ...byVamp(secret),
    });
    return { ...answered, text: `${answered.headers['x-total-count']}` };
  },
};

/** Ways to follow, from the first event that is kept where the way can. */
export const feeds: Readonly<Record<string, { readonly open: Feed; readonly resumes: boolean }>> = {
  'GraphQL by WebSocket': {
    resumes: true,
    open: (at, secret) =>
      followed(at, secret, 'subscription { events(afterIndex: 0) { message } }'),
  },
  'GraphQL by WebSocket, in batches': {
    resumes: true,
    open: (at, secret) =>
      followed(at, secret, 'subscription { eventBatches(afterIndex: 0) { events { message } } }'),
  },
  'GraphQL by server-sent events': {
    resumes: true,
    open: async ({ origin }, secret) => {
      const query = 'subscription { events(afterIndex: 0) { message } }';
      const feed = await stream(`${origin}/graphql?${encoded({ query })}`, {
        accept: 'text/event-stream',
        ...byBearer(secret),
      });
      return {
        get denial() {
          return feed.denial ?? denialIn(feed.text);
        },
        get text() {
          return feed.text;
        },
        [Symbol.asyncDispose]: () => feed[Symbol.asyncDispose](),
      };
    },
  },
  "Vamp's server-sent events": {
    resumes: true,
    open: ({ origin }, secret) =>
      stream(`${origin}/*/api/v1/events/stream?after=0`, {
        accept: 'text/event-stream',
        ...byVamp(secret),
      }),
  },
  "Vamp's WebSocket": {
    resumes: false,
    async open(at, secret) {
      const socket = await vampSocket(at, secret);
      if (socket.denial !== null) return socket;
      await socket.asked('/*/events/stream', false);
      await socket.asked('/nowhere/events');
      return {
        get denial() {
          return denialIn(socket.text);
        },
        get text() {
          return socket.text;
        },
        [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      };
    },
  },
  'CloudEvents by lines': {
    resumes: true,
    open: ({ origin }, secret) => stream(`${origin}/cloudevents/stream?after=0`, byBearer(secret)),
  },
  'CloudEvents by server-sent events': {
    resumes: true,
    open: ({ origin }, secret) =>
      stream(`${origin}/cloudevents/stream?after=0`, {
        accept: 'text/event-stream',
        ...byBearer(secret),
      }),
  },
};

/** Nomad's stream of a topic in a namespace. */
export const nomadStream = (
  { origin }: Ports,
  secret: string | null,
  topic: string,
  namespace: string,
): Promise<OpenFeedOf> =>
  stream(`${origin}/v1/event/stream?${encoded({ topic, namespace })}`, byNomad(secret));

const clientOf = ({ webSocketUrl }: Ports, secret: string | null) =>
  createClient({
    url: webSocketUrl,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { ...byBearer(secret) },
  });

async function overSocket(at: Ports, secret: string | null, query: string): Promise<Answered> {
  await using feed = await followed(at, secret, query);
  await feed.ended;
  return { denial: feed.denial, text: feed.text, headers: {} };
}

/** An operation over graphql-ws: a bad credential closes the socket with 4403. */
async function followed(at: Ports, secret: string | null, query: string) {
  const client = clientOf(at, secret);
  let text = '';
  let denial: Answered['denial'] = null;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
    client.on('connected', () => resolve());
  });
  const ended = new Promise<void>((resolve) => {
    client.subscribe(
      { query },
      {
        next: (result) => {
          text += JSON.stringify(result);
          denial ??= denialIn(JSON.stringify(result.errors ?? []));
        },
        error: (error) => {
          const code = (error as { code?: number }).code;
          denial = code === 4403 ? 'UNAUTHENTICATED' : denialIn(JSON.stringify(error));
          resolve();
          begin();
        },
        complete: resolve,
      },
    );
  });
  await begun;
  return {
    ended,
    get denial() {
      return denial;
    },
    get text() {
      return text;
    },
    [Symbol.asyncDispose]: async () => {
      await client.dispose();
    },
  };
}

/** A client of Vamp's WebSocket, which asks one thing after another. */
export async function vampSocket({ origin }: Ports, secret: string | null) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/websocket`, {
    headers: byVamp(secret),
  });
  let text = '';
  let transactions = 0;
  const answers = new Map<string, () => void>();
  socket.on('message', (data) => {
    text += String(data);
    const { transaction } = JSON.parse(String(data));
    answers.get(transaction)?.();
  });
  const denial = await new Promise<Answered['denial']>((resolve) => {
    socket.on('open', () => resolve(null));
    socket.on('error', () => resolve('UNAUTHENTICATED'));
  });
  return {
    denial,
    get text() {
      return text;
    },
    /** Resolves with the answer, unless there is none to wait for. */
    async asked(path: string, answered = true, message: object = {}): Promise<void> {
      transactions += 1;
      const transaction = String(transactions);
      const answer = new Promise<void>((resolve) => answers.set(transaction, resolve));
      const request = {
        api: 'v1',
        accept: 'JSON',
        content: 'JSON',
        parameters: {},
        action: 'PEEK',
        path,
        transaction,
        ...message,
      };
      socket.send(JSON.stringify(request));
      if (answered) await answer;
    },
    onClose(closed: () => void): void {
      socket.on('close', closed);
    },
    async [Symbol.asyncDispose]() {
      socket.terminate();
    },
  };
}
