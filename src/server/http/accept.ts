import type { IncomingMessage } from 'node:http';
import type { ResultType } from './result.ts';

/** What a client of /graphql takes. */
export interface Accepted {
  /** The type of a whole result: the first that was named; null where only streams are taken. */
  readonly result: ResultType | null;
  readonly eventStream: boolean;
  readonly html: boolean;
}

const json: Accepted = { result: 'application/json', eventStream: false, html: false };
const resultTypes: Readonly<Record<string, ResultType>> = {
  'application/graphql-response+json': 'application/graphql-response+json',
  'application/json': 'application/json',
  'application/*': 'application/json',
  '*/*': 'application/json',
};

export function accepted({ headers: { accept } }: IncomingMessage): Accepted {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return json;
  const types = accept.split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  const named = types.find((type) => type in resultTypes);
  return {
    result: resultTypes[named ?? ''] ?? null,
    eventStream: types.includes('text/event-stream'),
    html: types.includes('text/html'),
  };
}

/** Whether a request is a POST of plain JSON: the way nearly every operation comes. */
export function isPlainPost({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'POST' &&
    headers['content-encoding'] === undefined &&
    /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers['content-type'] ?? '')
  );
}
