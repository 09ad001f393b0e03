import { useState } from 'preact/hooks';
import type { EventFilter, HiddenField } from '../client/schema.generated.ts';
import { filterWithin } from './filter.ts';
import { ask } from './gateway-client.ts';
import type { LaneEvent } from './lanes.ts';
import { Refreshed } from './refreshed.ts';
import { useSession } from './session.tsx';
import type { TimeRange } from './time-range.ts';
import { useRefreshed } from './use-refreshed.ts';

const pageSize = 1_000;
const maxEvents = 10_000;

interface Page {
  readonly events: {
    readonly nodes: readonly LaneEvent[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

interface Loaded {
  /** Null before the first page. */
  readonly events: readonly LaneEvent[] | null;
  /** Whether there are no others in the range. */
  readonly isWhole: boolean;
}

interface LaneEvents extends Loaded {
  /** Whether one request is enough for them. */
  readonly isOnePage: boolean;
  readonly error: Error | null;
}

const queryOf = (hidden: ReadonlySet<HiddenField>): string =>
  `query Timeline($filter: EventFilter, $first: Int!, $after: String) {
    events(filter: $filter, first: $first, after: $after) {
      nodes {
        id namespace type severity key tags time endTime source { service instance node }
        ${hidden.has('MESSAGE') ? '' : 'message'}
      }
      pageInfo { hasNextPage endCursor }
    }
  }`;

/** The newest events of a range, as many as can be drawn; all of them again when the revision changes. */
export function useLaneEvents(
  filter: EventFilter,
  range: TimeRange,
  revision: unknown,
): LaneEvents {
  const { hidden } = useSession();
  const [loaded, setLoaded] = useState<Loaded>({ events: null, isWhole: true });
  const [error, setError] = useState<Error | null>(null);
  const query = queryOf(hidden);
  const within = filterWithin(filter, range);
  const open = () => {
    // Pages are shown as they come, but for those of what is shown already.
    let isFirst = true;
    const load = async (signal: AbortSignal) => {
      const pageAfter = (after: string | null) =>
        ask<Page>(query, { filter: within, first: pageSize, after }, signal);
      const showsPages = isFirst;
      isFirst = false;
      return await loadPages(pageAfter, (pages) => {
        if (showsPages && !signal.aborted) setLoaded(pages);
      });
    };
    return new Refreshed(load, {
      onAnswer: (pages) => {
        setLoaded(pages);
        setError(null);
      },
      onError: setError,
    });
  };
  useRefreshed(open, JSON.stringify([query, within]), revision);
  const { events, isWhole } = loaded;
  return { ...loaded, isOnePage: isWhole && (events?.length ?? 0) <= pageSize, error };
}

/** @param onPage called with what is there after each page but the last */
async function loadPages(
  pageAfter: (after: string | null) => Promise<Page>,
  onPage: (loaded: Loaded) => void,
): Promise<Loaded> {
  let events: readonly LaneEvent[] = [];
  for (let after: string | null = null; ; ) {
    const page: Page = await pageAfter(after);
    events = [...events, ...page.events.nodes];
    const { hasNextPage, endCursor } = page.events.pageInfo;
    if (!hasNextPage || events.length >= maxEvents) return { events, isWhole: !hasNextPage };
    onPage({ events, isWhole: false });
    after = endCursor;
  }
}
