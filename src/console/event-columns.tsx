import type { ComponentChildren } from 'preact';
import { durationMs, type ListedEvent, sourceParts } from './events.ts';
import type { Clicked } from './filter.ts';
import { duration, longTime, shortTime } from './format.ts';
import { SeverityMark } from './severity.tsx';

/** A value in a cell by which the filter can be narrowed. */
interface CellValue {
  readonly clicked: Clicked;
  readonly text: string;
  /** How it is shown, where that is not its text. */
  readonly content?: ComponentChildren;
}

export interface EventColumn {
  readonly name: string;
  readonly title: string;
  /** As CSS has it in grid-template-columns. */
  readonly width: string;
  readonly values?: (event: ListedEvent) => readonly CellValue[];
  /** What is between two values. */
  readonly separator?: string;
  /** The content of a cell without such values. */
  readonly cell?: (event: ListedEvent) => ComponentChildren;
}

const cellValues = (
  field: string,
  value: string | null,
  content?: ComponentChildren,
): readonly CellValue[] =>
  value === null ? [] : [{ clicked: { field, value }, text: value, content: content ?? value }];

export const eventColumns: readonly EventColumn[] = [
  {
    name: 'time',
    title: 'Time',
    width: '8.6rem',
    cell: ({ time }) => (
      <time class="mono" dateTime={time} title={longTime(time)}>
        {shortTime(time)}
      </time>
    ),
  },
  {
    name: 'severity',
    title: '',
    width: '1rem',
    values: ({ severity }) =>
      cellValues('severity', severity, <SeverityMark severity={severity} />),
  },
  {
    name: 'type',
    title: 'Type',
    width: 'minmax(10rem, 1.4fr)',
    values: ({ type }) => cellValues('type', type, <b>{type}</b>),
  },
  {
    name: 'key',
    title: 'Key',
    width: 'minmax(6rem, .9fr)',
    values: ({ key }) => cellValues('key', key),
  },
  {
    name: 'source',
    title: 'Source',
    width: 'minmax(7rem, 1fr)',
    separator: ' · ',
    values: ({ source }) =>
      sourceParts(source).flatMap(([field, value]) => cellValues(field, value)),
  },
  {
    name: 'message',
    title: 'Message',
    width: 'minmax(8rem, 2.4fr)',
    cell: ({ message }) => message,
  },
  {
    name: 'tags',
    title: 'Tags',
    width: 'minmax(7rem, 1.2fr)',
    values: ({ tags }) =>
      withoutGroups(tags).flatMap((tag) => cellValues('tag', tag, <span class="tag">{tag}</span>)),
  },
  {
    name: 'duration',
    title: 'Duration',
    width: '6rem',
    cell: (event) => {
      const ms = durationMs(event);
      return ms === null ? '' : duration(ms);
    },
  },
  {
    name: 'namespace',
    title: 'Namespace',
    width: '7rem',
    values: ({ namespace }) => cellValues('ns', namespace),
  },
  {
    name: 'dialect',
    title: 'Dialect',
    width: '6.5rem',
    values: ({ dialect }) => cellValues('dialect', dialect, dialect.toLowerCase()),
  },
  {
    name: 'index',
    title: 'Index',
    width: '5.5rem',
    cell: ({ index }) => <span class="mono">{index}</span>,
  },
];

/** An event that is tagged pool:gold is tagged pool as well: that is not shown twice. */
const withoutGroups = (tags: readonly string[]): readonly string[] =>
  tags.filter((tag) => !tags.some((other) => other.startsWith(`${tag}:`)));

export const defaultColumns = 'time,severity,type,key,source,message,tags';

export const columnsNamed = (names: string): readonly EventColumn[] =>
  eventColumns.filter(({ name }) => names.split(',').includes(name));
