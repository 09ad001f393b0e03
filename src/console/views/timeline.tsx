import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventFilter } from '../../client/schema.generated.ts';
import { filterWithin } from '../filter.ts';
import { Choice, TextField } from '../form.tsx';
import { counted, duration, longTime } from '../format.ts';
import { ask } from '../gateway-client.ts';
import { type LaneEvent, laneChoices, lanesOf, type Mark } from '../lanes.ts';
import { useNavigation, useOption } from '../navigation.tsx';
import { Empty, Fault } from '../notice.tsx';
import { useSession } from '../session.tsx';
import { Split, useOpenEvent } from '../split.tsx';
import { useColours } from '../theme.ts';
import { rangeOf, type Span, spanOf, type TimeRange } from '../time-range.ts';
import {
  type Box,
  boxOf,
  drawTimeline,
  instantAt,
  type Layout,
  labelWidth,
  layoutOf,
  markAt,
} from '../timeline-drawing.ts';
import { WithFilter } from '../with-filter.tsx';

/** Events of a range in lanes, with their durations. */
export const TimelineView = () => (
  <WithFilter>{(filter) => <Timeline filter={filter} />}</WithFilter>
);

function Timeline({ filter }: { readonly filter: EventFilter }) {
  const { place, go } = useNavigation();
  const [by, setBy] = useOption('lanes', 'source');
  const span = useMemo(() => spanOf(place.range, Date.now()), [place.range]);
  const { events, isWhole, error } = useLaneEvents(filter, place.range);
  const layout = useMemo(() => layoutOf(lanesOf(events ?? [], by, span)), [events, by, span]);
  const { openId, open } = useOpenEvent();
  const zoom = (by: number) => {
    const [middle, half] = [(span.fromMs + span.toMs) / 2, ((span.toMs - span.fromMs) * by) / 2];
    go({ range: rangeOf({ fromMs: middle - half, toMs: middle + half }) });
  };
  const group = by.startsWith('tag:') ? by.slice('tag:'.length) : null;

  return (
    <div class="events-view">
      <div class="toolbar aligned-end">
        <Choice
          label="Lanes"
          value={group === null ? by : 'tag'}
          options={[...laneChoices, ['tag', 'Group of tags …']]}
          onChange={(value) => setBy(value === 'tag' ? 'tag:' : value)}
        />
        {group !== null && (
          <TextField
            label="Group"
            value={group}
            placeholder="pool"
            onChange={(value) => setBy(`tag:${value}`)}
          />
        )}
        <button type="button" class="button" onClick={() => zoom(0.5)}>
          Closer
        </button>
        <button type="button" class="button" onClick={() => zoom(2)}>
          Wider
        </button>
        <span class="toolbar-text" role="status">
          {events !== null &&
            `${counted(events.length, 'event')}${isWhole ? '' : ', the newest of more: narrow filter or time'}`}
        </span>
      </div>
      <Fault error={error} />
      <Split>
        {events?.length === 0 ? (
          <Empty>No events in this time.</Empty>
        ) : (
          <Canvas
            layout={layout}
            span={span}
            activeId={openId}
            onOpen={open}
            onZoom={(chosen) => go({ range: rangeOf(chosen) })}
          />
        )}
      </Split>
    </div>
  );
}

interface CanvasProps {
  readonly layout: Layout;
  readonly span: Span;
  readonly activeId: string | null;
  readonly onOpen: (id: string) => void;
  readonly onZoom: (span: Span) => void;
}

/** Shorter drags are clicks. */
const shortestDrag = 5;

function Canvas({ layout, span, activeId, onOpen, onZoom }: CanvasProps) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(800);
  const [pointed, setPointed] = useState<{
    readonly mark: Mark;
    readonly x: number;
    readonly y: number;
  } | null>(null);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const colour = useColours();

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const resizing = new ResizeObserver(() => setWidth(element.clientWidth));
    resizing.observe(element);
    return () => resizing.disconnect();
  }, []);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element == null || context == null) return;
    const scale = devicePixelRatio;
    element.width = width * scale;
    element.height = layout.height * scale;
    context.scale(scale, scale);
    drawTimeline({ context, width, span, colour }, layout);
  }, [layout, width, span, colour('text'), colour('normal')]);

  const at = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const move = (event: PointerEvent) => {
    const position = at(event);
    if (drag !== null) return setDrag({ ...drag, to: Math.max(labelWidth, position.x) });
    const mark = markAt(layout, position, span, width);
    setPointed(mark && { mark, ...position });
  };
  const release = (event: PointerEvent) => {
    const { x, y } = at(event);
    const [left, right] = drag === null ? [x, x] : [Math.min(drag.from, x), Math.max(drag.from, x)];
    setDrag(null);
    if (right - left >= shortestDrag) {
      return onZoom({
        fromMs: instantAt(Math.max(left, labelWidth), span, width),
        toMs: instantAt(right, span, width),
      });
    }
    const mark = markAt(layout, { x, y }, span, width);
    if (mark !== null) onOpen(mark.event.id);
  };
  const boxFor = (id: string | null | undefined) =>
    id == null ? null : boxOf(layout, id, span, width);
  const names = layout.lanes.map(({ lane }) => `${lane.name}: ${lane.marks.length}`).slice(0, 20);
  return (
    <section ref={host} class="timeline" tabIndex={0} aria-label="Timeline">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Events by lane: ${names.join(', ')}`}
        style={{ width: `${width}px`, height: `${layout.height}px` }}
        onPointerDown={(event) => {
          const { x } = at(event);
          if (x >= labelWidth) setDrag({ from: x, to: x });
        }}
        onPointerMove={move}
        onPointerUp={release}
        onPointerLeave={() => {
          setPointed(null);
          setDrag(null);
        }}
      />
      {drag !== null && Math.abs(drag.to - drag.from) >= shortestDrag && (
        <div
          class="timeline-drag"
          style={{
            left: `${Math.min(drag.from, drag.to)}px`,
            width: `${Math.abs(drag.to - drag.from)}px`,
            height: `${layout.height}px`,
          }}
        />
      )}
      <Highlight box={boxFor(pointed?.mark.event.id)} />
      <Highlight box={boxFor(activeId)} />
      {pointed !== null && <Tip {...pointed} width={width} />}
    </section>
  );
}

/** Over the canvas, which is not drawn again for it. */
function Highlight({ box }: { readonly box: Box | null }) {
  if (box === null) return null;
  const { left, top, width, height } = box;
  const style = {
    left: `${left}px`,
    top: `${top}px`,
    width: `${width}px`,
    height: `${height}px`,
  };
  return <div class="timeline-highlight" style={style} />;
}

interface TipProps {
  readonly mark: Mark;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

function Tip({ mark: { event, fromMs, toMs, kind }, x, y, width }: TipProps) {
  const lasted = kind === 'BAR' ? ` · ${duration(toMs - fromMs)}` : '';
  return (
    <div class="tip" style={{ left: `${Math.min(x + 12, width - 270)}px`, top: `${y + 14}px` }}>
      <b>{event.type}</b> {event.key}
      <br />
      <span class="mono">{longTime(event.time)}</span>
      {kind === 'OPEN' ? ' · goes on' : lasted}
      {event.message != null && <div>{event.message}</div>}
    </div>
  );
}

const pageSize = 1_000;
const maxEvents = 10_000;

interface Page {
  readonly events: {
    readonly nodes: readonly LaneEvent[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

interface LaneEvents {
  /** Null before the first page. */
  readonly events: readonly LaneEvent[] | null;
  readonly isWhole: boolean;
  readonly error: Error | null;
}

/** The newest events of a range, page by page, as many as can be drawn. */
function useLaneEvents(filter: EventFilter, range: TimeRange): LaneEvents {
  const { hidden } = useSession();
  const [state, setState] = useState<LaneEvents>({ events: null, isWhole: true, error: null });
  const message = hidden.has('MESSAGE') ? '' : 'message';
  const written = JSON.stringify(filterWithin(filter, range));
  useEffect(() => {
    const asking = new AbortController();
    const query = `query Timeline($filter: EventFilter, $first: Int, $after: String) {
      events(filter: $filter, first: $first, after: $after) {
        nodes { id namespace type severity key tags time endTime source { service instance node } ${message} }
        pageInfo { hasNextPage endCursor }
      }
    }`;
    const load = async () => {
      let after: string | null = null;
      let events: readonly LaneEvent[] = [];
      do {
        const variables = { filter: JSON.parse(written), first: pageSize, after };
        const page: Page = await ask<Page>(query, variables, asking.signal);
        events = [...events, ...page.events.nodes];
        after = page.events.pageInfo.hasNextPage ? page.events.pageInfo.endCursor : null;
        setState({ events, isWhole: after === null, error: null });
      } while (after !== null && events.length < maxEvents);
    };
    load().catch((error: Error) => {
      if (!asking.signal.aborted) setState((before) => ({ ...before, error }));
    });
    return () => asking.abort();
  }, [written, message]);
  return state;
}
