import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventFilter } from '../client/schema.generated.ts';
import { type ListedEvent, listedFields } from './events.ts';
import { ask } from './gateway-client.ts';
import { Refreshed } from './refreshed.ts';
import { useSession } from './session.tsx';
import { useRefreshed } from './use-refreshed.ts';

const pageSize = 100;

interface Page {
  readonly events: {
    readonly nodes: readonly ListedEvent[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

export interface EventPages {
  readonly events: readonly ListedEvent[];
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly error: Error | null;
  /** Fetches the next page, unless it is on its way or there is none. */
  more(): void;
}

const none = { events: [], cursor: null, hasMore: false, isLoading: true, error: null };

interface Loaded extends Omit<EventPages, 'more'> {
  readonly cursor: string | null;
}

/** Events of a filter, newest first, page by page; from the first again when the filter or the revision changes. */
export function useEventPages(filter: EventFilter | null, revision: unknown): EventPages {
  const { hidden } = useSession();
  const [loaded, setLoaded] = useState<Loaded>(none);
  const further = useRef<AbortController | null>(null);
  const query = `query Events($filter: EventFilter, $first: Int, $after: String) {
    events(filter: $filter, first: $first, after: $after) {
      nodes { ${listedFields(hidden)} }
      pageInfo { hasNextPage endCursor }
    }
  }`;
  const page = (after: string | null, signal: AbortSignal) =>
    ask<Page>(query, { filter, first: pageSize, after }, signal);
  const failed = (error: Error) =>
    setLoaded((before) => ({ ...before, hasMore: false, isLoading: false, error }));

  const open = () => {
    if (filter === null) return null;
    setLoaded((before) => ({ ...before, isLoading: true }));
    return new Refreshed((signal) => page(null, signal), {
      onAnswer: (first) => {
        further.current?.abort();
        setLoaded(loadedOf([], first));
      },
      onError: failed,
    });
  };
  const key = JSON.stringify([query, filter]);
  useRefreshed(open, key, revision);
  useEffect(() => () => further.current?.abort(), [key]);

  return {
    ...loaded,
    more() {
      if (!loaded.hasMore || loaded.isLoading) return;
      const asked = new AbortController();
      further.current = asked;
      setLoaded((before) => ({ ...before, isLoading: true }));
      page(loaded.cursor, asked.signal).then(
        (next) => setLoaded((before) => loadedOf(before.events, next)),
        (error: Error) => {
          if (!asked.signal.aborted) failed(error);
        },
      );
    },
  };
}

const loadedOf = (
  before: readonly ListedEvent[],
  { events: { nodes, pageInfo } }: Page,
): Loaded => ({
  events: [...before, ...nodes],
  cursor: pageInfo.endCursor,
  hasMore: pageInfo.hasNextPage,
  isLoading: false,
  error: null,
});
