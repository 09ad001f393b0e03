import { Fragment } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventColumn } from './event-columns.tsx';
import type { ListedEvent } from './events.ts';
import { useKeys } from './keys.ts';
import { useNarrowing, ValueButtons } from './value-buttons.tsx';

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

/** A value of a row: its place among those by which the filter can be narrowed. */
interface Reached {
  /** The index of the event. */
  readonly index: number;
  readonly place: number;
}

/** A long list of events, of which only the rows in the window exist. */
export function EventGrid(props: EventGridProps) {
  const { label, events, columns, activeId, onOpen, onEnd, onScroll } = props;
  const host = useRef<HTMLDivElement>(null);
  const [{ top, height }, setWindow] = useState({ top: 0, height: 600 });
  const [pointed, setPointed] = useState<Reached | null>(null);
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
  const chosen = useChosenValue(events[activeAt] ?? null, columns);

  const template = columns.map(({ width }) => width).join(' ');
  const isShown = activeAt >= first && activeAt < last;
  const point = (index: number, { target, pointerType }: PointerEvent) => {
    if (pointerType === 'touch') return;
    const place = (target as Element).closest<HTMLElement>('[data-place]')?.dataset.place;
    if (place === undefined) setPointed(null);
    else setPointed({ index, place: Number(place) });
  };
  return (
    <>
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
        <div
          class="grid-body"
          role="rowgroup"
          style={{ height: `${events.length * rowHeight}px` }}
          onPointerLeave={() => setPointed(null)}
        >
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
              onPointerOver={(moved) => point(event.index, moved)}
            >
              <Cells
                event={event}
                columns={columns}
                pointed={pointed?.index === event.index ? pointed.place : null}
                chosen={first + at === activeAt ? (chosen?.place ?? null) : null}
              />
            </div>
          ))}
        </div>
      </div>
      <span class="visually-hidden" role="status">
        {chosen !== null && `${chosen.text}: plus for only these events, minus for none of them`}
      </span>
    </>
  );
}

interface CellsProps {
  readonly event: ListedEvent;
  readonly columns: readonly EventColumn[];
  /** The place of the value under the mouse. */
  readonly pointed: number | null;
  /** The place of the value that the arrow keys have reached. */
  readonly chosen: number | null;
}

function Cells({ event, columns, pointed, chosen }: CellsProps) {
  let place = -1;
  return (
    <>
      {columns.map(({ name, cell, values, separator }) => (
        <div key={name} role="gridcell" class={`cell cell-${name}`}>
          {cell?.(event)}
          {values?.(event).map(({ clicked, text, content }, at) => {
            place += 1;
            const isReached = place === pointed || place === chosen;
            return (
              <Fragment key={text}>
                {at > 0 && separator}
                <span data-place={place} class={place === chosen ? 'is-reached' : undefined}>
                  {content}
                  {isReached && (
                    <span class="value-buttons">
                      <ValueButtons clicked={clicked} text={text} areOutOfOrder />
                    </span>
                  )}
                </span>
              </Fragment>
            );
          })}
        </div>
      ))}
    </>
  );
}

/**
 * Left and right choose a value of the row that j and k have reached, + and - take it in or out.
 * @returns null before one is chosen
 */
function useChosenValue(
  event: ListedEvent | null,
  columns: readonly EventColumn[],
): { readonly place: number; readonly text: string } | null {
  const narrow = useNarrowing();
  const [wanted, setWanted] = useState<number | null>(null);
  const values = event === null ? [] : columns.flatMap((column) => column.values?.(event) ?? []);
  const place = Math.min(wanted ?? -1, values.length - 1);
  const value = values[place];
  const move = (step: 1 | -1) => {
    if (values.length > 0) setWanted(Math.max(0, Math.min(values.length - 1, place + step)));
  };
  const take = (negated: boolean) => {
    if (value !== undefined) narrow(value.clicked, negated);
  };
  useKeys({
    ArrowRight: () => move(1),
    ArrowLeft: () => move(-1),
    '+': () => take(false),
    '-': () => take(true),
  });
  return value === undefined ? null : { place, text: value.text };
}

/** Scrolls until a row is within the window, below the head. */
function reveal(element: HTMLElement, at: number): void {
  const [start, end] = [at * rowHeight, (at + 1) * rowHeight];
  const visible = element.clientHeight - rowHeight;
  if (start < element.scrollTop) element.scrollTop = start;
  else if (end > element.scrollTop + visible) element.scrollTop = end - visible;
}
