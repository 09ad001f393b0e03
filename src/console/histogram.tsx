import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { EventFilter } from '../client/schema.generated.ts';
import { clockValues } from './clock-axis.ts';
import { filterWithin } from './filter.ts';
import { clockOf, counted, dayOf, longTime } from './format.ts';
import { type Bucket, type SeverityRow, severityBuckets } from './histogram-data.ts';
import { Fault } from './notice.tsx';
import { useColours } from './theme.ts';
import { type Interval, intervalFor, rangeOf, type Span, type TimeRange } from './time-range.ts';
import { useAnswer } from './use-answer.ts';

const query = `query Histogram($filter: EventFilter, $interval: Duration!, $timeZone: String!) {
  aggregateEvents(filter: $filter, groupBy: [{ field: SEVERITY }], interval: $interval, timeZone: $timeZone, first: 1000) {
    rows { bucket count group { value } }
  }
}`;

const maxBuckets = 120;
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

interface Counts {
  readonly aggregateEvents: { readonly rows: readonly SeverityRow[] };
}

interface HistogramProps {
  readonly filter: EventFilter;
  readonly range: TimeRange;
  /** The same as milliseconds. */
  readonly span: Span;
  /** Asked again when it changes. */
  readonly revision?: unknown;
  /** Parts of the time line to be marked. */
  readonly marks?: readonly Span[];
  readonly onZoom: (range: TimeRange) => void;
}

/** How many events there were in a range, by severity; dragging chooses a part of it. */
export function Histogram({ filter, range, span, revision, marks = [], onZoom }: HistogramProps) {
  const interval = intervalFor(span, maxBuckets);
  const { data, error } = useAnswer<Counts>(
    query,
    { filter: filterWithin(filter, range), interval: interval.text, timeZone },
    revision,
  );
  const buckets = useMemo(
    () => severityBuckets(data?.aggregateEvents.rows ?? [], span, interval),
    [data, span.fromMs, span.toMs],
  );
  const [hovered, setHovered] = useState<number | null>(null);
  const bucket = hovered === null ? undefined : buckets[hovered];
  return (
    <section class="histogram" aria-label="Events over time">
      <p class="histogram-caption">
        {bucket === undefined ? totals(buckets) : captionOf(bucket, interval)}
      </p>
      <Fault error={error} />
      <Bars
        buckets={buckets}
        interval={interval}
        span={span}
        marks={marks}
        onHover={setHovered}
        onZoom={(chosen) => onZoom(rangeOf(chosen))}
      />
    </section>
  );
}

const sum = (buckets: readonly Bucket[], severity: 'normal' | 'error'): number =>
  buckets.reduce((before, bucket) => before + bucket[severity], 0);

function totals(buckets: readonly Bucket[]) {
  const [normal, errors] = [sum(buckets, 'normal'), sum(buckets, 'error')];
  return (
    <>
      <strong>{counted(normal + errors, 'event')}</strong>
      <Key name="normal" label={`${normal} normal`} />
      <Key name="error" label={counted(errors, 'error')} />
    </>
  );
}

const Key = ({ name, label }: { readonly name: string; readonly label: string }) => (
  <span class={`key key-${name}`}>{label}</span>
);

function captionOf({ startMs, normal, error }: Bucket, { ms }: Interval) {
  const withDay = ms >= 86_400_000;
  const until = withDay ? dayOf(startMs + ms - 1) : clockOf(startMs + ms, ms < 1_000);
  return (
    <>
      <strong>
        {withDay ? dayOf(startMs) : longTime(startMs).slice(0, ms < 1_000 ? undefined : 19)} –{' '}
        {until}
      </strong>
      <Key name="normal" label={`${normal} normal`} />
      <Key name="error" label={counted(error, 'error')} />
    </>
  );
}

interface BarsProps {
  readonly buckets: readonly Bucket[];
  readonly interval: Interval;
  readonly span: Span;
  readonly marks: readonly Span[];
  readonly onHover: (bucket: number | null) => void;
  readonly onZoom: (span: Span) => void;
}

const height = 128;
/** Shorter drags are clicks. */
const shortestDrag = 5;

function Bars({ buckets, interval, span, marks, onHover, onZoom }: BarsProps) {
  const host = useRef<HTMLDivElement>(null);
  const colour = useColours();
  const theme = ['normal', 'error', 'muted', 'line', 'mark'].map(colour);
  // Through a reference, as the chart is made once and the callbacks are others with each rendering.
  const callbacks = useRef({ onHover, onZoom, marks });
  callbacks.current = { onHover, onZoom, marks };
  const chart = useRef<uPlot | null>(null);

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const plot = new uPlot(optionsOf(theme, element.clientWidth, callbacks), [[], [], []], element);
    chart.current = plot;
    const resizing = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resizing.observe(element);
    return () => {
      resizing.disconnect();
      plot.destroy();
      chart.current = null;
    };
  }, theme);
  useEffect(() => {
    const starts = buckets.map(({ startMs }) => startMs / 1_000);
    const all = buckets.map(({ normal, error }) => normal + error);
    chart.current?.batch(() => {
      chart.current?.setData([starts, all, buckets.map(({ error }) => error)], false);
      const first = Math.min(span.fromMs, buckets[0]?.startMs ?? span.fromMs);
      const last = Math.max(span.toMs, (buckets.at(-1)?.startMs ?? 0) + interval.ms);
      chart.current?.setScale('x', { min: first / 1_000, max: last / 1_000 });
      chart.current?.setScale('y', { min: 0, max: Math.max(1, ...all) * 1.08 });
    });
  }, [buckets, JSON.stringify(marks), ...theme]);

  const [normal, errors] = [sum(buckets, 'normal'), sum(buckets, 'error')];
  const label =
    `${counted(normal + errors, 'event')}, ${counted(errors, 'error')}, ` +
    `from ${longTime(span.fromMs)} to ${longTime(span.toMs)}. Drag to zoom.`;
  return <div ref={host} class="chart" role="img" aria-label={label} />;
}

type Callbacks = Pick<BarsProps, 'onHover' | 'onZoom' | 'marks'>;

function optionsOf(
  [normal = '', error = '', muted = '', line = '', mark = '']: readonly string[],
  width: number,
  callbacks: { readonly current: Callbacks },
): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.86, 40], align: 1, radius: 0.12 });
  const axis: uPlot.Axis = {
    stroke: muted,
    font: '11px system-ui, sans-serif',
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
  };
  const series = (stroke: string): uPlot.Series => ({
    fill: stroke,
    stroke,
    width: 0,
    points: { show: false },
    ...(bars && { paths: bars }),
  });
  return {
    width,
    height,
    padding: [6, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    axes: [
      { ...axis, size: 26, grid: { show: false }, values: clockValues },
      { ...axis, size: 46, splits: wholeSplits },
    ],
    series: [{}, series(normal), series(error)],
    hooks: {
      setCursor: [({ cursor }) => callbacks.current.onHover(cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width: dragged } = plot.select;
          if (dragged >= shortestDrag) {
            const at = (pixels: number) => Math.round(plot.posToVal(pixels, 'x') * 1_000);
            callbacks.current.onZoom({ fromMs: at(left), toMs: at(left + dragged) });
          }
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawClear: [(plot) => drawMarks(plot, callbacks.current.marks, mark)],
    },
  };
}

const wholeSplits: uPlot.Axis.Splits = (_plot, _axis, _min, max) => {
  const top = Math.max(1, Math.floor(max));
  const half = Math.floor(top / 2);
  return half === 0 ? [0, top] : [0, half, top];
};

function drawMarks({ ctx, bbox, valToPos }: uPlot, marks: readonly Span[], colour: string): void {
  ctx.save();
  ctx.fillStyle = colour;
  for (const { fromMs, toMs } of marks) {
    const left = Math.max(bbox.left, valToPos(fromMs / 1_000, 'x', true));
    const right = Math.min(bbox.left + bbox.width, valToPos(toMs / 1_000, 'x', true));
    ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
  }
  ctx.restore();
}
