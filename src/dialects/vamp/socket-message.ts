import type { Event } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import { parseObjects } from './body.ts';
import { toYaml } from './content.ts';
import { DslObject } from './dsl-object.ts';
import { streamed, streamedText } from './encode.ts';
import { missingValue, VampError } from './vamp-error.ts';

const actions = ['PEEK', 'PUT', 'REMOVE'] as const;
const contents = ['JSON', 'YAML', 'PLAINTEXT', 'JAVASCRIPT'] as const;
export type SocketContent = (typeof contents)[number];
export type SocketStatus = 'OK' | 'ACCEPTED' | 'NOCONTENT' | 'ERROR';

/** A request by WebSocket. */
export interface SocketRequest {
  readonly api: string;
  readonly path: string;
  readonly action: (typeof actions)[number];
  readonly accept: SocketContent;
  readonly content: SocketContent;
  /** Chosen by the client; every answer repeats it. */
  readonly transaction: string;
  readonly data: string | null;
  readonly parameters: URLSearchParams;
}

/** Requests in one message. */
const maxRequests = 100;

/** The requests in a message, which may be a list of them. @throws VampError */
export function readRequests(text: string): SocketRequest[] {
  const objects = parseObjects(text);
  if (objects.length > maxRequests) {
    throw new VampError(`A message has at most ${maxRequests} requests, got ${objects.length}.`);
  }
  return objects.map((members) => readRequest(new DslObject(members)));
}

function readRequest(source: DslObject): SocketRequest {
  const api = required(source, 'api');
  const path = required(source, 'path');
  if (api !== 'v1') throw new VampError(`Bad request. Unsupported API: ${api}`);
  return {
    api,
    path: path.startsWith('/') ? path : `/${path}`,
    action: oneOf(source, 'action', actions),
    accept: oneOf(source, 'accept', contents),
    content: oneOf(source, 'content', contents),
    transaction: required(source, 'transaction'),
    data: source.text('data'),
    parameters: readParameters(source),
  };
}

function required(source: DslObject, name: string): string {
  const text = source.text(name);
  if (text === null) throw missingValue(name);
  return text;
}

function oneOf<Value extends string>(
  source: DslObject,
  name: string,
  values: readonly Value[],
): Value {
  const text = required(source, name);
  const value = values.find((candidate) => candidate === text.toUpperCase());
  if (value === undefined) throw new VampError(`Bad request. Unsupported ${name}: ${text}`);
  return value;
}

/** A list gives a parameter several values. */
function readParameters(source: DslObject): URLSearchParams {
  const json = source.json('parameters');
  if (json === null) throw missingValue('parameters');
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(json)) {
    for (const entry of Array.isArray(value) ? value : [value]) {
      parameters.append(name, typeof entry === 'string' ? entry : stringifyJson(entry));
    }
  }
  return parameters;
}

/** An answer to a request, or an event for it, in the form that it accepts. */
export function writeResponse(
  { api, path, action, accept, transaction }: SocketRequest,
  status: SocketStatus,
  data: string | null,
  parameters: Readonly<Record<string, string>> = {},
): string {
  return write(
    {
      api,
      path,
      action,
      status,
      content: accept,
      transaction,
      data: data ?? undefined,
      parameters,
    },
    accept,
  );
}

/** The answer to a message that is not a request. */
export const writeError = (error: string): string => write({ status: 'ERROR', error }, 'JSON');

/** An event, as a string within the message. */
export const writeEvent = (request: SocketRequest, event: Event): string =>
  writeResponse(
    request,
    'OK',
    request.accept === 'YAML' ? toYaml(streamed(event)) : streamedText(event),
  );

const write = (message: object, content: SocketContent): string =>
  content === 'YAML' ? toYaml(message) : stringifyJson(message);
