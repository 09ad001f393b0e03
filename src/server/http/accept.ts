import type { IncomingMessage } from 'node:http';
import type { ResultType } from './result.ts';

/** The forms of an answer that a client of /graphql accepts. */
export interface Accepted {
  /** The type of a whole result: the first that was named; null where only streams are taken. */
  readonly result: ResultType | null;
  readonly eventStream: boolean;
  readonly html: boolean;
}

const json: Accepted = { result: 'application/json', eventStream: false, html: false };
const resultTypes: ReadonlyMap<string, ResultType> = new Map([
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ['application/json', 'application/json'],
  ['application/*', 'application/json'],
  ['*/*', 'application/json'],
]);

export function accepted({ headers: { accept } }: IncomingMessage): Accepted {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return json;
  const types = accept.split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  const named = types.find((type) => resultTypes.has(type));
  return {
    result: resultTypes.get(named ?? '') ?? null,
    eventStream: types.includes('text/event-stream'),
    html: types.includes('text/html'),
  };
}

/** Whether a request has a body of plain JSON: nearly every operation does. */
export function isPlainJson({ headers }: IncomingMessage): boolean {
  return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers['content-type'] ?? '');
}
