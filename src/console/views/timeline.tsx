import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventFilter } from '../../client/schema.generated.ts';
import { Choice, TextField } from '../form.tsx';
import { counted, duration, longTime } from '../format.ts';
import { laneChoices, lanesOf, type Mark } from '../lanes.ts';
import { useNavigation, useOption } from '../navigation.tsx';
import { Empty, Fault } from '../notice.tsx';
import { RefreshButtons } from '../refresh-buttons.tsx';
import { Split, useOpenEvent } from '../split.tsx';
import { useColours } from '../theme.ts';
import { rangeOf, type Span, spanOf, zoomed } from '../time-range.ts';
import {
  axisHeight,
  type Box,
  boxOf,
  drawTimeline,
  instantAt,
  type Layout,
  labelWidthOf,
  layoutOf,
  markAt,
} from '../timeline-drawing.ts';
import { useLaneEvents } from '../use-lane-events.ts';
import { useRevision } from '../use-revision.ts';
import { WithFilter } from '../with-filter.tsx';

/** Events of a range in lanes, with their durations. */
export const TimelineView = () => (
  <WithFilter>{(filter) => <Timeline filter={filter} />}</WithFilter>
);

function Timeline({ filter }: { readonly filter: EventFilter }) {
  const { place, go } = useNavigation();
  const [by, setBy] = useOption('lanes', 'source');
  const { revision, isBehind, setFollowing, refresh } = useRevision(place.range);
  const { events, isWhole, isOnePage, error } = useLaneEvents(filter, place.range, revision);
  // Many are asked for again only when somebody wants it.
  setFollowing(isOnePage);
  const span = useMemo(() => spanOf(place.range, Date.now()), [place.range, events]);
  const layout = useMemo(() => layoutOf(lanesOf(events ?? [], by, span)), [events, by, span]);
  const { openId, open } = useOpenEvent();
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
        <ZoomButton title="Closer" span={zoomed(span, 0.5)} />
        <ZoomButton title="Wider" span={zoomed(span, 2)} />
        <span class="toolbar-text" role="status">
          {events !== null &&
            `${counted(events.length, 'event')}${isWhole ? '' : ', the newest of more: narrow filter or time'}`}
        </span>
        <RefreshButtons isBehind={isBehind} refresh={refresh} />
      </div>
      <Fault error={error} />
      <Split revision={revision}>
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

interface ZoomButtonProps {
  readonly title: string;
  /** Null where there is none. */
  readonly span: Span | null;
}

function ZoomButton({ title, span }: ZoomButtonProps) {
  const { go } = useNavigation();
  return (
    <button
      type="button"
      class="button"
      disabled={span === null}
      onClick={() => span !== null && go({ range: rangeOf(span) })}
    >
      {title}
    </button>
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
  const [{ width, height, top }, setWindow] = useState({ width: 800, height: 600, top: 0 });
  const [pointed, setPointed] = useState<{
    readonly mark: Mark;
    readonly x: number;
    readonly y: number;
  } | null>(null);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const colour = useColours();

  const look = () => {
    const element = host.current;
    if (element === null) return;
    const { clientWidth, clientHeight, scrollTop } = element;
    setWindow({ width: clientWidth, height: clientHeight, top: scrollTop });
  };
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const resizing = new ResizeObserver(look);
    resizing.observe(element);
    return () => resizing.disconnect();
  }, []);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element == null || context == null) return;
    const scale = devicePixelRatio;
    element.width = width * scale;
    element.height = height * scale;
    context.scale(scale, scale);
    drawTimeline({ context, width, span, colour }, layout, { top, height });
  }, [layout, width, height, top, span, colour('text'), colour('normal')]);

  const labelWidth = labelWidthOf(width);
  /** Within the layout; above it where the pointer is on the axis. */
  const at = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const y = event.clientY - box.top;
    return { x: event.clientX - box.left, y: y < axisHeight ? -1 : y + top };
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
    <section ref={host} class="timeline" tabIndex={0} aria-label="Timeline" onScroll={look}>
      <div class="timeline-lanes" style={{ height: `${layout.height}px` }}>
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Events by lane: ${names.join(', ')}`}
          style={{ width: `${width}px`, height: `${height}px` }}
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
      </div>
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
