import { useEffect, useState } from 'preact/hooks';
import { ask, type Variables } from './gateway-client.ts';

export interface Answered<Data> {
  /** The latest answer, also while the next one is awaited. */
  readonly data: Data | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
}

/**
 * The answer to a query, asked again whenever the query, its variables or the revision change.
 * @param query null for none
 */
export function useAnswer<Data>(
  query: string | null,
  variables: Variables = {},
  revision: unknown = 0,
): Answered<Data> {
  const [answered, setAnswered] = useState<Answered<Data>>({
    data: null,
    error: null,
    isLoading: query !== null,
  });
  const written = JSON.stringify(variables);
  useEffect(() => {
    if (query === null) return;
    const asking = new AbortController();
    setAnswered((before) => ({ ...before, isLoading: true }));
    ask<Data>(query, JSON.parse(written), asking.signal).then(
      (data) => setAnswered({ data, error: null, isLoading: false }),
      (error: Error) => {
        if (asking.signal.aborted) return;
        setAnswered((before) => ({ ...before, error, isLoading: false }));
      },
    );
    return () => asking.abort();
  }, [query, written, revision]);
  return answered;
}
