import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventColumn } from './event-columns.tsx';
import type { ListedEvent } from './events.ts';

const rowHeight = 30;
/** Rows outside the window that are there already. */
const spareRows = 12;

interface EventGridProps {
  readonly label: string;
  readonly events: readonly ListedEvent[];
  readonly columns: readonly EventColumn[];
  /** The id of the row that j and k have reached. */
  readonly activeId: string | null;
  readonly onOpen: (event: ListedEvent) => void;
  /** Called when the end comes near. */
  readonly onEnd?: () => void;
  readonly onScroll?: (isAtTop: boolean) => void;
}

/** A long list of events, of which only the rows in the window exist. */
export function EventGrid(props: EventGridProps) {
  const { label, events, columns, activeId, onOpen, onEnd, onScroll } = props;
  const host = useRef<HTMLDivElement>(null);
  const [{ top, height }, setWindow] = useState({ top: 0, height: 600 });
  const look = () => {
    const element = host.current;
    if (element === null) return;
    setWindow({ top: element.scrollTop, height: element.clientHeight });
    onScroll?.(element.scrollTop < rowHeight);
  };
  useEffect(() => {
    if (host.current === null) return;
    const resizing = new ResizeObserver(look);
    resizing.observe(host.current);
    return () => resizing.disconnect();
  }, []);

  const first = Math.max(0, Math.floor(top / rowHeight) - spareRows);
  const last = Math.min(events.length, Math.ceil((top + height) / rowHeight) + spareRows);
  useEffect(() => {
    if (last >= events.length - spareRows) onEnd?.();
  }, [last, events.length]);

  // An event whose start and end are two rows has the latest as its own.
  const activeAt = events.findIndex(({ id }) => id === activeId);
  useEffect(() => {
    if (host.current !== null && activeAt >= 0) reveal(host.current, activeAt);
  }, [activeId]);

  const template = columns.map(({ width }) => width).join(' ');
  const isShown = activeAt >= first && activeAt < last;
  return (
    <div
      ref={host}
      class="grid"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={events.length + 1}
      aria-activedescendant={isShown ? `event-${events[activeAt]?.index}` : undefined}
      onScroll={look}
    >
      <div class="grid-head" role="row" aria-rowindex={1} style={{ '--columns': template }}>
        {columns.map(({ name, title }) => (
          <div key={name} role="columnheader" class={`cell cell-${name}`}>
            {title === '' ? <span class="visually-hidden">Severity</span> : title}
          </div>
        ))}
      </div>
      <div class="grid-body" role="rowgroup" style={{ height: `${events.length * rowHeight}px` }}>
        {events.slice(first, last).map((event, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: Enter opens the active row, for the whole grid.
          <div
            key={event.index}
            id={`event-${event.index}`}
            class="row"
            role="row"
            tabIndex={-1}
            aria-rowindex={first + at + 2}
            aria-selected={first + at === activeAt}
            data-severity={event.severity}
            style={{
              '--columns': template,
              transform: `translateY(${(first + at) * rowHeight}px)`,
            }}
            onClick={() => onOpen(event)}
          >
            {columns.map(({ name, cell }) => (
              <div key={name} role="gridcell" class={`cell cell-${name}`}>
                {cell(event)}
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Scrolls until a row is within the window, below the head. */
function reveal(element: HTMLElement, at: number): void {
  const [start, end] = [at * rowHeight, (at + 1) * rowHeight];
  const visible = element.clientHeight - rowHeight;
  if (start < element.scrollTop) element.scrollTop = start;
  else if (end > element.scrollTop + visible) element.scrollTop = end - visible;
}
