import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventFilter } from '../../client/schema.generated.ts';
import { ColumnMenu } from '../column-menu.tsx';
import { columnsNamed, defaultColumns } from '../event-columns.tsx';
import { EventGrid } from '../event-grid.tsx';
import { listedFields } from '../events.ts';
import { clockOf, count, counted } from '../format.ts';
import { Icon } from '../icon.tsx';
import { useKeys } from '../keys.ts';
import { useNavigation } from '../navigation.tsx';
import { Empty } from '../notice.tsx';
import { useRemembered } from '../remembered.ts';
import { useSession } from '../session.tsx';
import { Split, useOpenEvent } from '../split.tsx';
import { Tail, type TailNotice, type TailState } from '../tail.ts';
import { useMovement } from '../use-movement.ts';
import { WithFilter } from '../with-filter.tsx';

/** Events as they are recorded. */
export function LiveView() {
  const { place } = useNavigation();
  return <WithFilter>{(filter) => <Following key={place.filter} filter={filter} />}</WithFilter>;
}

function Following({ filter }: { readonly filter: EventFilter }) {
  const [columns, setColumns] = useRemembered('columns', defaultColumns);
  const { tail, state } = useTail(filter);
  const opened = useOpenEvent();
  const activeId = useMovement({ events: state.events, ...opened });
  const toggle = () => (state.isPaused ? tail.continue() : tail.pause());
  useKeys({ ' ': toggle });

  return (
    <div class="events-view">
      <div class="toolbar">
        <Status state={state} />
        <button type="button" class="button primary" aria-keyshortcuts="Space" onClick={toggle}>
          <Icon name={state.isPaused ? 'play' : 'pause'} /> {state.isPaused ? 'Continue' : 'Pause'}
        </button>
        {state.status === 'ENDED' && (
          <button type="button" class="button" onClick={() => tail.restart()}>
            Start again
          </button>
        )}
        <button type="button" class="button" onClick={() => tail.clear()}>
          Clear
        </button>
        <ColumnMenu chosen={columns} onChange={setColumns} />
      </div>
      <Notices notices={state.notices} />
      <Split>
        {state.events.length === 0 ? (
          <Empty>
            <p>Events appear here as they are recorded.</p>
          </Empty>
        ) : (
          <EventGrid
            label="Live events"
            events={state.events}
            columns={columnsNamed(columns)}
            activeId={activeId}
            onOpen={({ id }) => opened.open(id)}
          />
        )}
      </Split>
    </div>
  );
}

const titles: Readonly<Record<TailState['status'], string>> = {
  CONNECTING: 'Connecting',
  LIVE: 'Live',
  BROKEN: 'Connecting again',
  ENDED: 'Ended',
};

const classes: Readonly<Record<TailState['status'], string>> = {
  CONNECTING: 'state state-busy',
  LIVE: 'state state-ok',
  BROKEN: 'state state-bad',
  ENDED: 'state state-bad',
};

function Status({ state }: { readonly state: TailState }) {
  const { status, isPaused, waiting, isFull, shownCount, events } = state;
  const limited = shownCount > events.length ? `, the newest ${count(events.length)} are here` : '';
  return (
    <span class="toolbar-text">
      <span class={classes[status]}>{titles[status]}</span>
      {` · ${counted(shownCount, 'event')}${limited}`}
      <span role="status" class="waiting">
        {isPaused && ` · paused: ${counted(waiting, 'event')} waiting`}
        {isFull && ', the rest comes from the journal when you continue'}
      </span>
    </span>
  );
}

const Notices = ({ notices }: { readonly notices: readonly TailNotice[] }) => (
  <ul class="notices" aria-live="polite" aria-label="Connection">
    {notices.slice(0, 4).map(({ atMs, kind, text }, at) => (
      <li key={notices.length - at} class={kind === 'RESUMED' ? 'notice' : 'notice notice-error'}>
        <span class="mono">{clockOf(atMs, false)}</span> {text}
      </li>
    ))}
  </ul>
);

/** How often the list is drawn at most. */
const drawingMs = 150;

/** A tail that is drawn with what has come since the last time, however much that is. */
function useTail(filter: EventFilter): { readonly tail: Tail; readonly state: TailState } {
  const { hidden } = useSession();
  const [, draw] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const tail = useMemo(
    () =>
      new Tail({
        url: `${location.origin.replace('http', 'ws')}/graphql`,
        filter,
        selection: listedFields(hidden),
        onChange: () => {
          timer.current ??= setTimeout(() => {
            timer.current = undefined;
            draw((before) => before + 1);
          }, drawingMs);
        },
      }),
    [],
  );
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      tail.stop();
    },
    [],
  );
  return { tail, state: tail.state };
}
