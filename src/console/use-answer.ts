import { useState } from 'preact/hooks';
import { ask, type Variables } from './gateway-client.ts';
import { Refreshed } from './refreshed.ts';
import { useRefreshed } from './use-refreshed.ts';

export interface Answered<Data> {
  /** The latest answer, also while the next one is awaited. */
  readonly data: Data | null;
  readonly error: Error | null;
}

/**
 * The answer to a query: a new question when the query or its variables change, the same one again when the revision does.
 * @param query null for none
 * @param read the JSON of the answer
 */
export function useAnswer<Data>(
  query: string | null,
  variables: Variables = {},
  revision: unknown = 0,
  read: (text: string) => unknown = JSON.parse,
): Answered<Data> {
  const [answered, setAnswered] = useState<Answered<Data>>({ data: null, error: null });
  const open = () =>
    query === null
      ? null
      : new Refreshed((signal) => ask<Data>(query, variables, signal, read), {
          onAnswer: (data) => setAnswered({ data, error: null }),
          onError: (error) => setAnswered((before) => ({ ...before, error })),
        });
  useRefreshed(open, JSON.stringify([query, variables]), revision);
  return answered;
}
