import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { clockValues } from './clock-axis.ts';
import { amount } from './format.ts';
import type { SeriesSet } from './series.ts';
import { useColours } from './theme.ts';

/** Okabe and Ito's colours, which the colour-blind tell apart, without those that are pale on white or dark on black. */
const seriesColours = [
  '#3a7fd5',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#b8860b',
  '#56b4e9',
  '#7d5fb2',
  '#7f8c8d',
];

const height = 300;

interface SeriesChartProps {
  readonly set: SeriesSet;
  readonly shape: 'line' | 'bars';
  readonly label: string;
}

/** Statistics over time, a colour for each group. */
export function SeriesChart({ set, shape, label }: SeriesChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const colour = useColours();
  const theme = ['muted', 'line'].map(colour);
  const chart = useRef<uPlot | null>(null);
  const groups = set.series.length;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const [muted = '', line = ''] = theme;
    const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_plot, min, max) => [Math.min(0, min), max > 0 ? max * 1.05 : 1] } },
        axes: [
          { ...axis, grid: { show: false }, size: 28, values: clockValues },
          { ...axis, size: 64, values: (_plot, splits) => splits.map((split) => amount(split)) },
        ],
        series: [
          {},
          ...Array.from({ length: groups }, (_, at) => seriesOptions(shape, groups, at)),
        ],
      },
      dataOf(set),
      element,
    );
    chart.current = plot;
    const resizing = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resizing.observe(element);
    return () => {
      resizing.disconnect();
      plot.destroy();
    };
  }, [groups, shape, ...theme]);
  // After the effect above, which has drawn the same numbers where the chart is new.
  useEffect(() => chart.current?.setData(dataOf(set)), [set]);
  return (
    <>
      <div ref={host} class="chart" role="img" aria-label={label} />
      <ul class="legend">
        {set.series.map(({ label: name }, at) => (
          <li key={name}>
            <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
              <rect width="10" height="10" rx="2" fill={seriesColours[at]} />
            </svg>
            {name}
          </li>
        ))}
        {set.others > 0 && <li class="muted">and {set.others} more in the table</li>}
      </ul>
    </>
  );
}

const dataOf = ({ startsMs, series }: SeriesSet): uPlot.AlignedData => [
  startsMs.map((ms) => ms / 1_000),
  ...series.map(({ values }) => [...values]),
];

/** Bars of several groups are next to each other, within their bucket. */
function seriesOptions(shape: 'line' | 'bars', groups: number, at: number): uPlot.Series {
  const stroke = seriesColours[at] ?? '#7f8c8d';
  if (shape === 'line') return { stroke, width: 2, points: { show: false }, spanGaps: false };
  const paths = uPlot.paths.bars?.({
    align: 1,
    disp: {
      x0: { unit: 1, values: (plot) => starts(plot).map((x) => x + barSeconds(plot, groups) * at) },
      size: { unit: 1, values: (plot) => starts(plot).map(() => barSeconds(plot, groups)) },
    },
  });
  return { fill: stroke, stroke, width: 0, points: { show: false }, ...(paths && { paths }) };
}

const starts = (plot: uPlot): number[] => Array.from(plot.data[0] ?? []);

/** So wide that the bars of all groups fit between two starts. */
function barSeconds(plot: uPlot, groups: number): number {
  const [first = 0, second = first + 60] = starts(plot);
  return ((second - first) * 0.86) / groups;
}
