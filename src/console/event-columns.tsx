import type { ComponentChildren } from 'preact';
import { durationMs, type ListedEvent, sourceLine } from './events.ts';
import { duration, longTime, shortTime } from './format.ts';
import { SeverityMark } from './severity.tsx';

export interface EventColumn {
  readonly name: string;
  readonly title: string;
  /** As CSS has it in grid-template-columns. */
  readonly width: string;
  readonly cell: (event: ListedEvent) => ComponentChildren;
}

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
    cell: ({ severity }) => <SeverityMark severity={severity} />,
  },
  { name: 'type', title: 'Type', width: 'minmax(10rem, 1.4fr)', cell: ({ type }) => <b>{type}</b> },
  { name: 'key', title: 'Key', width: 'minmax(6rem, .9fr)', cell: ({ key }) => key },
  {
    name: 'source',
    title: 'Source',
    width: 'minmax(7rem, 1fr)',
    cell: ({ source }) => sourceLine(source),
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
    cell: ({ tags }) =>
      withoutGroups(tags).map((tag) => (
        <span key={tag} class="tag">
          {tag}
        </span>
      )),
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
  { name: 'namespace', title: 'Namespace', width: '7rem', cell: ({ namespace }) => namespace },
  {
    name: 'dialect',
    title: 'Dialect',
    width: '6.5rem',
    cell: ({ dialect }) => dialect.toLowerCase(),
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
