import { useMemo } from 'preact/hooks';
import type { EventFilter } from '../../client/schema.generated.ts';
import { ColumnMenu } from '../column-menu.tsx';
import { columnsNamed, defaultColumns } from '../event-columns.tsx';
import { EventGrid } from '../event-grid.tsx';
import { filterWithin } from '../filter.ts';
import { counted } from '../format.ts';
import { Histogram } from '../histogram.tsx';
import { useNavigation } from '../navigation.tsx';
import { Empty, Fault } from '../notice.tsx';
import { RefreshButtons } from '../refresh-buttons.tsx';
import { useRemembered } from '../remembered.ts';
import { useSession } from '../session.tsx';
import { Split, useOpenEvent } from '../split.tsx';
import { spanOf } from '../time-range.ts';
import { useEventPages } from '../use-event-pages.ts';
import { useMovement } from '../use-movement.ts';
import { useRevision } from '../use-revision.ts';
import { WithFilter } from '../with-filter.tsx';

/** The histogram of a range, its events, and one of them as a whole. */
export const EventsView = () => <WithFilter>{(filter) => <Events filter={filter} />}</WithFilter>;

function Events({ filter }: { readonly filter: EventFilter }) {
  const { place, go } = useNavigation();
  const [columns, setColumns] = useRemembered('columns', defaultColumns);
  const { revision, isBehind, setFollowing, refresh } = useRevision(place.range);
  const span = useMemo(() => spanOf(place.range, Date.now()), [place.range, revision]);
  const pages = useEventPages(filterWithin(filter, place.range), revision);
  const { events, more } = pages;
  const opened = useOpenEvent();
  const activeId = useMovement({ events, more, ...opened });

  return (
    <div class="events-view">
      <Histogram
        filter={filter}
        range={place.range}
        span={span}
        revision={revision}
        onZoom={(range) => go({ range })}
      />
      <div class="toolbar">
        <span class="toolbar-text" role="status">
          {pages.events.length > 0 &&
            `${counted(pages.events.length, 'event')}${pages.hasMore ? ' so far' : ''}, newest first`}
        </span>
        <RefreshButtons isBehind={isBehind} refresh={refresh} />
        <ColumnMenu chosen={columns} onChange={setColumns} />
      </div>
      <Fault error={pages.error} />
      <Split revision={revision}>
        {pages.events.length === 0 && !pages.isLoading && pages.error === null ? (
          <Nothing />
        ) : (
          <EventGrid
            label="Events"
            events={pages.events}
            columns={columnsNamed(columns)}
            activeId={activeId}
            onOpen={({ id }) => opened.open(id)}
            onEnd={pages.more}
            onScroll={setFollowing}
          />
        )}
      </Split>
    </div>
  );
}

function Nothing() {
  const { place, go } = useNavigation();
  const { may } = useSession();
  return (
    <Empty>
      <p>No events {place.filter === '' ? 'in this time' : 'match in this time'}.</p>
      <p>
        <button
          type="button"
          class="button"
          onClick={() => go({ range: { from: 'now-30d', to: 'now' } })}
        >
          Look at the last 30 days
        </button>{' '}
        {place.filter !== '' && (
          <button type="button" class="button" onClick={() => go({ filter: '' })}>
            Clear the filter
          </button>
        )}
        {place.filter === '' && may('REPORT') && (
          <a class="button" href="/?view=report">
            Report an event
          </a>
        )}
      </p>
    </Empty>
  );
}
