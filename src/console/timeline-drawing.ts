import { clockOf, dayOf } from './format.ts';
import type { Lane, Mark } from './lanes.ts';
import type { Span } from './time-range.ts';

/** Of the names of lanes, in pixels; less where there is little room. */
export const labelWidthOf = (width: number): number => Math.min(170, Math.round(width * 0.3));
export const axisHeight = 24;
const rowHeight = 16;
const lanePadding = 6;
const barHeight = 10;
const markSize = 4;

interface PlacedLane {
  readonly lane: Lane;
  readonly top: number;
  readonly height: number;
}

export interface Layout {
  readonly lanes: readonly PlacedLane[];
  readonly height: number;
}

export function layoutOf(lanes: readonly Lane[]): Layout {
  let top = axisHeight;
  const placed = lanes.map((lane) => {
    const height = lane.rows * rowHeight + lanePadding * 2;
    const at = { lane, top, height };
    top += height;
    return at;
  });
  return { lanes: placed, height: top };
}

/** Where an instant is, in pixels. */
const positionOf = (ms: number, { fromMs, toMs }: Span, width: number): number =>
  labelWidthOf(width) + ((ms - fromMs) / (toMs - fromMs)) * (width - labelWidthOf(width));

export const instantAt = (x: number, { fromMs, toMs }: Span, width: number): number =>
  fromMs + ((x - labelWidthOf(width)) / (width - labelWidthOf(width))) * (toMs - fromMs);

interface Drawing {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly span: Span;
  readonly colour: (name: string) => string;
}

/** The part of a layout that is in the window. */
interface Window {
  readonly top: number;
  readonly height: number;
}

/** Draws what is in the window: a canvas of all of it would be larger than browsers have them. */
export function drawTimeline(drawing: Drawing, layout: Layout, { top, height }: Window): void {
  const { context, width } = drawing;
  context.clearRect(0, 0, width, height);
  drawAxis(drawing, Math.min(height, layout.height - top));
  context.save();
  context.beginPath();
  context.rect(0, axisHeight, width, height - axisHeight);
  context.clip();
  context.translate(0, -top);
  const shown = layout.lanes.filter((at) => at.top < top + height && at.top + at.height > top);
  for (const at of shown) drawLane(drawing, at);
  context.restore();
}

function drawLane(drawing: Drawing, { lane, top, height }: PlacedLane): void {
  const { context, width, colour } = drawing;
  const labelWidth = labelWidthOf(width);
  context.fillStyle = colour('line');
  context.fillRect(0, top + height - 1, width, 1);
  context.fillStyle = colour('text');
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.fillText(fitted(context, lane.name, labelWidth - 20), 10, top + height / 2);
  context.save();
  context.beginPath();
  context.rect(labelWidth, top, width - labelWidth, height);
  context.clip();
  for (const mark of lane.marks) drawMark(drawing, mark, top);
  context.restore();
}

/** More characters of a name than fit. */
const maxCharacters = 60;

function fitted(context: CanvasRenderingContext2D, name: string, width: number): string {
  let text = name.slice(0, maxCharacters);
  while (text.length > 1 && context.measureText(text).width > width) {
    text = `${text.slice(0, -2)}…`;
  }
  return text;
}

function drawAxis({ context, width, span, colour }: Drawing, height: number): void {
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  for (const ms of ticksOf(span, Math.max(2, Math.floor((width - labelWidthOf(width)) / 110)))) {
    const x = Math.round(positionOf(ms, span, width));
    context.fillStyle = colour('line');
    context.fillRect(x, axisHeight - 4, 1, height - axisHeight + 4);
    context.fillStyle = colour('muted');
    const isMidnight = clockOf(ms, false) === '00:00:00';
    context.fillText(isMidnight ? dayOf(ms).slice(5) : clockOf(ms, false).slice(0, 8), x + 4, 11);
  }
}

const stepsMs = [
  1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 604_800,
  2_592_000,
].map((seconds) => seconds * 1_000);

/** Round instants, in the reader's time zone. */
function ticksOf({ fromMs, toMs }: Span, most: number): readonly number[] {
  const stepMs = stepsMs.find((step) => (toMs - fromMs) / step <= most) ?? (toMs - fromMs) / most;
  const zoneMs = new Date(fromMs).getTimezoneOffset() * 60_000;
  const ticks: number[] = [];
  for (let ms = Math.ceil((fromMs - zoneMs) / stepMs) * stepMs + zoneMs; ms < toMs; ms += stepMs) {
    ticks.push(ms);
  }
  return ticks;
}

function drawMark({ context, width, span, colour }: Drawing, mark: Mark, top: number): void {
  const { fromMs, toMs, kind, severity, row } = mark;
  if (toMs < span.fromMs || fromMs > span.toMs) return;
  const left = positionOf(fromMs, span, width);
  const middle = top + lanePadding + row * rowHeight + rowHeight / 2;
  context.fillStyle = colour(severity === 'ERROR' ? 'error' : 'normal');
  if (kind === 'MOMENT') drawMoment(context, left, middle, severity === 'ERROR');
  else
    drawBar(context, {
      left,
      right: positionOf(toMs, span, width),
      middle,
      isOpen: kind === 'OPEN',
    });
}

/** A triangle for an error, a dot for everything else. */
function drawMoment(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  isError: boolean,
): void {
  context.beginPath();
  if (isError) {
    context.moveTo(x, y - markSize - 1);
    context.lineTo(x + markSize + 1, y + markSize);
    context.lineTo(x - markSize - 1, y + markSize);
    context.closePath();
  } else context.arc(x, y, markSize - 0.5, 0, 2 * Math.PI);
  context.fill();
}

interface Bar {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
  readonly isOpen: boolean;
}

/** An open bar has an end of stripes that goes on. */
function drawBar(context: CanvasRenderingContext2D, { left, right, middle, isOpen }: Bar): void {
  const barWidth = Math.max(2, right - left);
  const y = middle - barHeight / 2;
  if (!isOpen) {
    context.beginPath();
    context.roundRect(left, y, barWidth, barHeight, 2);
    context.fill();
    return;
  }
  context.globalAlpha = 0.6;
  const stripes = Math.min(barWidth, 36);
  context.fillRect(left, y, barWidth - stripes, barHeight);
  for (let x = right - stripes; x < right; x += 6) context.fillRect(x, y, 3, barHeight);
  context.globalAlpha = 1;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Around the mark of an event; null where it is not in the layout. */
export function boxOf(layout: Layout, eventId: string, span: Span, width: number): Box | null {
  for (const { lane, top } of layout.lanes) {
    const mark = lane.marks.find(({ event }) => event.id === eventId);
    if (mark === undefined) continue;
    const left = Math.max(labelWidthOf(width), positionOf(mark.fromMs, span, width) - 6);
    const right = Math.min(width, positionOf(mark.toMs, span, width) + 6);
    return {
      left,
      top: top + lanePadding + mark.row * rowHeight,
      width: Math.max(12, right - left),
      height: rowHeight,
    };
  }
  return null;
}

/** The mark at a position; the one drawn last where several are. */
export function markAt(
  layout: Layout,
  { x, y }: { readonly x: number; readonly y: number },
  span: Span,
  width: number,
): Mark | null {
  const at = layout.lanes.find(({ top, height }) => y >= top && y < top + height);
  if (at === undefined || x < labelWidthOf(width)) return null;
  const row = Math.floor((y - at.top - lanePadding) / rowHeight);
  const hit = ({ kind, fromMs, toMs, row: own }: Mark): boolean => {
    const left = positionOf(fromMs, span, width) - markSize - 1;
    const right = positionOf(toMs, span, width) + (kind === 'MOMENT' ? markSize + 1 : 2);
    return x >= left && x <= right && own === Math.max(0, Math.min(at.lane.rows - 1, row));
  };
  return at.lane.marks.findLast(hit) ?? null;
}
