import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventFilter } from '../client/schema.generated.ts';
import { type ListedEvent, listedFields } from './events.ts';
import { ask } from './gateway-client.ts';
import { useSession } from './session.tsx';

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
  const asking = useRef<AbortController | null>(null);
  const query = `query Events($filter: EventFilter, $first: Int, $after: String) {
    events(filter: $filter, first: $first, after: $after) {
      nodes { ${listedFields(hidden)} }
      pageInfo { hasNextPage endCursor }
    }
  }`;
  const written = JSON.stringify(filter);

  const load = (after: string | null) => {
    asking.current?.abort();
    const asked = new AbortController();
    asking.current = asked;
    setLoaded((before) => ({ ...before, isLoading: true }));
    const variables = { filter: JSON.parse(written), first: pageSize, after };
    ask<Page>(query, variables, asked.signal).then(
      ({ events: { nodes, pageInfo } }) =>
        setLoaded((before) => ({
          events: after === null ? nodes : [...before.events, ...nodes],
          cursor: pageInfo.endCursor,
          hasMore: pageInfo.hasNextPage,
          isLoading: false,
          error: null,
        })),
      (error: Error) => {
        if (asked.signal.aborted) return;
        setLoaded((before) => ({ ...before, hasMore: false, isLoading: false, error }));
      },
    );
  };
  useEffect(() => {
    if (filter !== null) load(null);
    return () => asking.current?.abort();
  }, [written, query, revision]);

  return {
    ...loaded,
    more() {
      if (loaded.hasMore && !loaded.isLoading) load(loaded.cursor);
    },
  };
}
