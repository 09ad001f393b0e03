import { useMemo, useState } from 'preact/hooks';
import type { EventFilter } from '../../client/schema.generated.ts';
import { download } from '../download.ts';
import { filterWithin, readFilter } from '../filter.ts';
import { Choice, TextField } from '../form.tsx';
import { amount, count, counted, longTime } from '../format.ts';
import { parseGroups, parseMeasure } from '../grouping.ts';
import { useNavigation, useOption } from '../navigation.tsx';
import { Empty, Fault } from '../notice.tsx';
import {
  type AggregateRow,
  csvOf,
  labelOf,
  percentiles,
  seriesOf,
  statisticOf,
  statistics,
} from '../series.ts';
import { SeriesChart } from '../series-chart.tsx';
import { intervalFor, isFollowed, spanOf } from '../time-range.ts';
import { useAnswer } from '../use-answer.ts';
import { useJournal } from '../use-journal.ts';

/** Statistics of a number only where one is measured: without a measure they would be those of the value. */
const queryOf = (isMeasured: boolean): string => `query Aggregate(
  $filter: EventFilter, $measure: Measure, $groupBy: [GroupBy!], $interval: Duration,
  $timeZone: String!, $percentiles: [Float!], $first: Int!
) {
  aggregateEvents(
    filter: $filter, measure: $measure, groupBy: $groupBy, interval: $interval,
    timeZone: $timeZone, percentiles: $percentiles, first: $first
  ) {
    rows { group { name value } bucket count ${isMeasured ? measuredFields : ''} }
    truncated
  }
}`;

const measuredFields = 'measured average min max sum percentiles { rank value }';

const maxRows = 5_000;
const maxSeries = 8;
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

const intervals: readonly (readonly [string, string])[] = [
  ['auto', 'Over time'],
  ['1m', 'By minute'],
  ['1h', 'By hour'],
  ['1d', 'By day'],
  ['none', 'Altogether'],
];

const shapes: readonly (readonly [string, string])[] = [
  ['line', 'Line'],
  ['bars', 'Bars'],
  ['table', 'Table'],
];

interface Answer {
  readonly aggregateEvents: { readonly rows: readonly AggregateRow[]; readonly truncated: boolean };
}

/** Statistics of the events of a range, by group and over time. */
export function AggregatesView() {
  const { place } = useNavigation();
  const [group, setGroup] = useOption('group', 'type');
  const [measure, setMeasure] = useOption('measure', '');
  const [statistic, setStatistic] = useOption('statistic', 'count');
  const [interval, setInterval] = useOption('interval', 'auto');
  const [shape, setShape] = useOption('shape', 'line');
  const { filter, fault } = readFilter(place.filter);
  const read = readChoices(group, measure);

  return (
    <div class="page">
      <section class="card">
        <div class="fields compact">
          <TextChoice
            label="Group by"
            value={group}
            placeholder="service, tag:pool, trait:node"
            onChange={setGroup}
          />
          <TextChoice
            label="Measure"
            value={measure}
            placeholder="duration, trait:size or value:path"
            onChange={setMeasure}
          />
          <Choice
            label="Statistic"
            value={statistic}
            options={statistics}
            onChange={setStatistic}
          />
          <Choice label="Interval" value={interval} options={intervals} onChange={setInterval} />
          <Choice label="Show" value={shape} options={shapes} onChange={setShape} />
        </div>
        <Fault error={fault ?? (typeof read === 'string' ? read : null)} />
        {filter !== null && typeof read === 'object' && (
          <Statistics {...{ ...read, filter, statistic, interval, shape }} />
        )}
      </section>
    </div>
  );
}

type Choices = Pick<StatisticsProps, 'groupBy' | 'measure'>;

/** A sentence where they cannot be read. */
function readChoices(group: string, measure: string): Choices | string {
  try {
    return { groupBy: parseGroups(group), measure: parseMeasure(measure) };
  } catch (error) {
    return (error as Error).message;
  }
}

interface TextChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (value: string) => void;
}

/** Asked for once the reader presses Enter or goes on. */
function TextChoice({ label, value, placeholder, onChange }: TextChoiceProps) {
  const [text, setText] = useState(value);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text);
      }}
      onFocusOut={() => onChange(text)}
    >
      <TextField label={label} value={text} placeholder={placeholder} onChange={setText} />
    </form>
  );
}

interface StatisticsProps {
  readonly filter: EventFilter;
  readonly groupBy: ReturnType<typeof parseGroups>;
  readonly measure: ReturnType<typeof parseMeasure>;
  readonly statistic: string;
  readonly interval: string;
  readonly shape: string;
}

function Statistics({ filter, groupBy, measure, statistic, interval, shape }: StatisticsProps) {
  const { place } = useNavigation();
  const { storedIndex } = useJournal();
  const length =
    interval === 'auto' ? intervalFor(spanOf(place.range, Date.now()), 60).text : interval;
  const variables = {
    filter: filterWithin(filter, place.range),
    measure,
    groupBy,
    interval: interval === 'none' ? null : length,
    timeZone,
    percentiles: measure === null ? null : percentiles,
    first: maxRows,
  };
  const { data, error } = useAnswer<Answer>(
    queryOf(measure !== null),
    variables,
    isFollowed(place.range) && storedIndex,
  );
  if (data === null) return <Fault error={error} />;
  const { rows, truncated } = data.aggregateEvents;
  if (rows.length === 0) return <Empty>No events in this time.</Empty>;
  const title = statistics.find(([name]) => name === statistic)?.[1] ?? statistic;
  return (
    <>
      <Fault error={error} />
      <div class="toolbar">
        <span class="toolbar-text" role="status">
          {counted(rows.length, 'row')}
          {truncated ? ': there are more' : ''}
        </span>
        <button
          type="button"
          class="button"
          onClick={() => download('events.csv', 'text/csv', csvOf(rows))}
        >
          CSV
        </button>
      </div>
      <Shown {...{ rows, statistic, shape, title }} isOverTime={interval !== 'none'} />
    </>
  );
}

interface ShownProps {
  readonly rows: readonly AggregateRow[];
  readonly statistic: string;
  readonly shape: string;
  readonly title: string;
  readonly isOverTime: boolean;
}

function Shown({ rows, statistic, shape, title, isOverTime }: ShownProps) {
  const set = useMemo(() => seriesOf(rows, statistic, maxSeries), [rows, statistic]);
  if (shape === 'table') return <Rows rows={rows} isOverTime={isOverTime} />;
  if (!isOverTime) return <GroupBars rows={rows} statistic={statistic} title={title} />;
  const drawn = shape === 'bars' ? 'bars' : 'line';
  return <SeriesChart set={set} shape={drawn} label={`${title} over time`} />;
}

/** A bar for each group, the largest first. */
function GroupBars({ rows, statistic, title }: Pick<ShownProps, 'rows' | 'statistic' | 'title'>) {
  const shown = rows
    .slice(0, 50)
    .map((row) => ({ label: labelOf(row), value: statisticOf(row, statistic) ?? 0 }));
  const largest = Math.max(...shown.map(({ value }) => value), Number.MIN_VALUE);
  return (
    <table class="bars">
      <caption class="visually-hidden">{title} by group</caption>
      <tbody>
        {shown.map(({ label, value }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td class="number">{amount(value)}</td>
            <td class="bar-cell">
              <div class="bar" style={{ width: `${Math.max(0, (value / largest) * 100)}%` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const maxTableRows = 500;

function Rows({
  rows,
  isOverTime,
}: {
  readonly rows: readonly AggregateRow[];
  readonly isOverTime: boolean;
}) {
  const names = rows[0]?.group.map(({ name }) => name) ?? [];
  const measured = rows.some(({ measured = 0 }) => measured > 0);
  const shown = statistics.slice(0, measured ? undefined : 1);
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            {isOverTime && <th>From</th>}
            {names.map((name) => (
              <th key={name}>{name.toLowerCase()}</th>
            ))}
            {shown.map(([name, title]) => (
              <th key={name} class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, maxTableRows).map((row) => (
            <tr key={`${row.bucket} ${labelOf(row)}`}>
              {isOverTime && (
                <td class="mono">{row.bucket === null ? '' : longTime(row.bucket).slice(0, 19)}</td>
              )}
              {row.group.map(({ name, value }) => (
                <td key={name}>{value ?? '–'}</td>
              ))}
              {shown.map(([name]) => (
                <td key={name} class="number">
                  {amount(statisticOf(row, name))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > maxTableRows && (
        <p class="muted">The first {count(maxTableRows)} rows; CSV has them all.</p>
      )}
    </div>
  );
}
