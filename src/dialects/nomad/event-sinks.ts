import type { IncomingMessage, ServerResponse } from 'node:http';
import { InputError } from '../../event/input-error.ts';
import { isJsonObject, parseJson } from '../../event/json.ts';
import { readBody } from '../../http/body.ts';
import { reply } from '../../http/reply.ts';
import { type SinkCaller, unrestricted } from '../../sinks/caller.ts';
import { ManagementError } from '../../sinks/management-error.ts';
import { plainWebhook, type SinkInput, sinkDefaults } from '../../sinks/spec.ts';
import type { SinkRow } from '../../store/sinks/sink-table.ts';
import type { Caller } from '../caller.ts';
import type { DialectContext } from '../dialect.ts';
import { NomadError, permissionDenied } from './nomad-error.ts';
import { mayFollow } from './rights.ts';

/** The managed sinks of Nomad 1.0's betas: each is a sink of the gateway in format NOMAD. */
interface EventSink {
  readonly ID: string;
  readonly Type: string;
  readonly Topics: Readonly<Record<string, readonly string[]>>;
  readonly Address: string;
}

/** Begins the names of their sinks, and says which sinks are Nomad's. */
const prefix = 'nomad:';
const namespace = 'default';
const listPath = '/v1/event/sinks';
const sinkPath = '/v1/event/sink/';
const maxBodyBytes = 65_536;

/** Names of topics in the betas. */
const topicNames: ReadonlyMap<string, string> = new Map([
  ['Eval', 'Evaluation'],
  ['Alloc', 'Allocation'],
]);

export const isSinkPath = (path: string): boolean => path === listPath || path.startsWith(sinkPath);

/** @throws NomadError; Unavailable */
export async function answerSinks(
  request: IncomingMessage,
  response: ServerResponse,
  { pathname }: URL,
  caller: Caller,
): Promise<void> {
  const { method = 'GET' } = request;
  if (pathname === listPath) {
    if (method !== 'GET') throw new NomadError(405, 'Invalid method');
    const sinks = new Sinks(await reading(caller));
    return await send(response, caller.context, await sinks.list());
  }
  const id = decoded(pathname.slice(sinkPath.length));
  if (id === '') throw new NomadError(400, 'Missing Policy Name');
  if (method === 'GET') {
    const sinks = new Sinks(await reading(caller));
    return await send(response, caller.context, await sinks.get(id));
  }
  if (!['POST', 'PUT', 'DELETE'].includes(method)) throw new NomadError(405, 'Invalid method');
  const body = method === 'DELETE' ? null : await readBody(request, maxBodyBytes);
  const sinks = new Sinks(managing(caller));
  if (body === null) await sinks.delete(id);
  else await sinks.put(readSink(body, id));
  await send(response, caller.context, null);
}

interface Rights {
  readonly context: DialectContext;
  readonly as: SinkCaller;
}

/** Nomad's operator:read. */
async function reading({ context }: Caller): Promise<Rights> {
  const topics = [{ category: 'Operator', key: null }];
  if (!(await mayFollow({ topics, namespace }, context.scope, context.store))) {
    throw permissionDenied();
  }
  return { context, as: unrestricted };
}

/** A management token. */
function managing({ context, sinks }: Caller): Rights {
  if (!context.scope.mayEverywhere('MANAGE_SINKS')) throw permissionDenied();
  return { context, as: sinks };
}

class Sinks {
  readonly #rights: Rights;

  constructor(rights: Rights) {
    this.#rights = rights;
  }

  async list(): Promise<object[]> {
    const { context, as } = this.#rights;
    const rows = await context.sinks.management.list(as, { namespaces: [namespace], states: null });
    return await Promise.all(nomadsAmong(rows).map((sink) => this.#shown(sink)));
  }

  async get(id: string): Promise<object> {
    const sink = await this.#find(id);
    if (sink === null) throw new NomadError(404, 'event sink not found');
    return await this.#shown(sink);
  }

  async put(sink: EventSink): Promise<void> {
    const { context, as } = this.#rights;
    const { management } = context.sinks;
    const before = await this.#find(sink.ID);
    const index = await context.journal.lastIndex();
    const createIndex = before === null ? index : before.kept.createIndex;
    const input = inputOf(sink, { createIndex, modifyIndex: index });
    try {
      if (before === null) await management.create(as, input);
      else await management.update(as, before.row.id, { input, version: null });
    } catch (error) {
      throw nomadFault(error);
    }
  }

  async delete(id: string): Promise<void> {
    const { context, as } = this.#rights;
    const sink = await this.#find(id);
    if (sink !== null) await context.sinks.management.delete(as, sink.row.id);
  }

  async #find(id: string): Promise<NomadsSink | null> {
    const { context } = this.#rights;
    const rows = await context.sinks.management.list(unrestricted, {
      namespaces: [namespace],
      states: null,
    });
    return nomadsAmong(rows).find(({ row }) => row.name === `${prefix}${id}`) ?? null;
  }

  async #shown({ row, kept: { topics, createIndex, modifyIndex } }: NomadsSink): Promise<object> {
    const { target } = row.spec as unknown as SinkInput;
    return {
      ID: row.name.slice(prefix.length),
      Type: 'webhook',
      Topics: topics,
      Address: target.webhook?.url ?? '',
      LatestIndex: await this.#rights.context.sinks.views.cursor(row),
      CreateIndex: createIndex,
      ModifyIndex: modifyIndex,
    };
  }
}

/** What the gateway rejects, as Nomad says it. */
function nomadFault(error: unknown): unknown {
  if (error instanceof InputError) return new NomadError(500, multierror([error.message]));
  return error instanceof ManagementError ? new NomadError(500, error.message) : error;
}

/** What Nomad shows of a sink and the gateway's own sink has not: kept as its description. */
interface Kept {
  readonly topics: EventSink['Topics'];
  readonly createIndex: number;
  readonly modifyIndex: number;
}

interface NomadsSink {
  readonly row: SinkRow;
  readonly kept: Kept;
}

/** Those that were made here. Another interface may have changed one since, or made one of such a name. */
function nomadsAmong(rows: readonly SinkRow[]): readonly NomadsSink[] {
  return rows.flatMap((row) => {
    const { format, description } = row.spec as unknown as SinkInput;
    const isOurs = row.origin === 'API' && row.name.startsWith(prefix) && format === 'NOMAD';
    const kept = isOurs ? keptIn(description ?? '') : null;
    return kept === null ? [] : [{ row, kept }];
  });
}

/** Null where the description is another. */
function keptIn(description: string): Kept | null {
  try {
    const { topics, createIndex, modifyIndex } = JSON.parse(description) as Partial<Kept>;
    if (typeof topics !== 'object' || createIndex === undefined || modifyIndex === undefined) {
      return null;
    }
    return { topics, createIndex, modifyIndex };
  } catch {
    return null;
  }
}

function inputOf(
  { ID, Topics, Address }: EventSink,
  indexes: Pick<Kept, 'createIndex' | 'modifyIndex'>,
): SinkInput {
  const topics = Object.entries(Topics).flatMap(([topic, keys]) =>
    keys.map((key) => `${topicNames.get(topic) ?? topic}:${key}`),
  );
  return {
    name: `${prefix}${ID}`,
    namespace,
    description: JSON.stringify({ topics: Topics, ...indexes }),
    filter: topics.length === 0 || topics.includes('*:*') ? null : { topics },
    target: { webhook: { url: Address, timeout: '15s', ...plainWebhook } },
    format: 'NOMAD',
    ...sinkDefaults,
    order: 'STRICT',
    parallel: 1,
  };
}

/** @throws NomadError */
function readSink(body: string, id: string): EventSink {
  const sink = decodedSink(body);
  if (sink.ID !== id) {
    throw new NomadError(400, 'Event sink name does not match request path');
  }
  const faults: string[] = [];
  if (sink.ID.includes(' ')) faults.push('Sink ID contains a space');
  else if (sink.ID.includes('\0')) faults.push('Sink ID contains a null character');
  if (sink.Type !== 'webhook') faults.push('Sink type invalid');
  else if (sink.Address === '') faults.push('Webhook sink requires a valid Address');
  if (faults.length > 0) throw new NomadError(500, multierror(faults));
  return sink;
}

/** As Go reads it: what is absent or null is empty. */
function decodedSink(body: string): EventSink {
  const fail = (what: string): never => {
    throw new NomadError(500, `failed to decode the event sink: ${what}`);
  };
  let json: unknown;
  try {
    json = parseJson(body);
  } catch {
    fail('it is not JSON');
  }
  if (!isJsonObject(json)) return fail('it is not an object');
  const given = json;
  const text = (name: string): string => {
    const value = given[name] ?? '';
    return typeof value === 'string' ? value : fail(`${name} is not a string`);
  };
  const topics = given.Topics ?? {};
  const isTopics =
    typeof topics === 'object' &&
    !Array.isArray(topics) &&
    Object.values(topics as object).every(
      (keys) => Array.isArray(keys) && keys.every((key) => typeof key === 'string'),
    );
  if (!isTopics) fail('Topics is not a map of lists of strings');
  const Topics = topics as EventSink['Topics'];
  return { ID: text('ID'), Type: text('Type'), Topics, Address: text('Address') };
}

/** The form of Go's multierror. */
const multierror = (faults: readonly string[]): string =>
  `${faults.length} error${faults.length === 1 ? '' : 's'} occurred:\n${faults
    .map((fault) => `\t* ${fault}\n`)
    .join('')}\n`;

/** As it is where it is not percent-encoded UTF-8: then no sink has such an id. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** @param body null for an empty one */
async function send(
  response: ServerResponse,
  { journal }: DialectContext,
  body: object | null,
): Promise<void> {
  const index = await journal.lastIndex();
  reply(response, 200, body === null ? '' : JSON.stringify(body), {
    'Content-Type': 'application/json',
    'X-Nomad-Index': String(Math.max(index, 1)),
    'X-Nomad-KnownLeader': 'true',
    'X-Nomad-LastContact': '0',
  });
}
