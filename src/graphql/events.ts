import type { Event } from '../event/event.ts';
import type { EventOrder } from '../store/store.ts';
import { builder } from './builder.ts';
import { EventConnection } from './connection.ts';
import { EventRef, fieldsOfPage } from './event.ts';
import { EventFilterRef, filterOf } from './filter.ts';
import { untilStored } from './minimum-index.ts';
import { PageInfoRef } from './page-info.ts';

const EventOrderEnum = builder.enumType('EventOrder', {
  description:
    'The order of a page: by the time of the event, or by the index of its latest change.',
  values: {
    TIME_ASC: { description: 'Earliest first.' },
    TIME_DESC: { description: 'Latest first.' },
    INDEX_ASC: { description: 'In the order of the journal.' },
    INDEX_DESC: { description: 'Latest change first.' },
  } satisfies Record<EventOrder, { description: string }>,
});

interface Edge {
  readonly cursor: string;
  readonly node: Event;
}

const EventEdgeRef = builder.objectRef<Edge>('EventEdge').implement({
  description: 'An event and its cursor.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'For `after` and `before`, in the same orderBy.',
    }),
    node: t.expose('node', { type: EventRef, description: 'The event.' }),
  }),
});

async function cursorAt(connection: EventConnection, position: number): Promise<string | null> {
  const event = (await connection.page()).events.at(position);
  return event === undefined ? null : connection.cursor(event);
}

const EventConnectionRef = builder.objectRef<EventConnection>('EventConnection').implement({
  description: 'A page of events.',
  fields: (t) => ({
    edges: t.field({
      type: [EventEdgeRef],
      description: 'The events with their cursors.',
      resolve: async (connection) => {
        const { events } = await connection.page();
        return events.map((node) => ({ cursor: connection.cursor(node), node }));
      },
    }),
    nodes: t.field({
      type: [EventRef],
      description: 'The events alone, for clients that need no cursors.',
      resolve: async (connection) => (await connection.page()).events,
    }),
    pageInfo: t.field({
      type: PageInfoRef,
      description: 'How to go on from here.',
      resolve: (connection) => ({
        hasNextPage: async () => (await connection.page()).hasNextPage,
        hasPreviousPage: async () => (await connection.page()).hasPreviousPage,
        startCursor: () => cursorAt(connection, 0),
        endCursor: () => cursorAt(connection, -1),
      }),
    }),
    totalCount: t.field({
      type: 'SafeInt',
      description: 'How many match in all; counted only when asked for.',
      resolve: (connection) => connection.totalCount(),
    }),
  }),
});

builder.queryField('events', (t) =>
  t.field({
    type: EventConnectionRef,
    description:
      'Events that match, newest first unless orderBy says otherwise; pages of 30 by default, 1000 at most. ' +
      'Pages are keyset pages: events reported while a client pages neither repeat nor skip one. ' +
      'minIndex waits (at most 5 s) until the store holds everything up to that index: read your own writes. ' +
      'Where it takes longer the answer is UNAVAILABLE, and INDEX_AHEAD when the journal has not got that far.',
    args: {
      filter: t.arg({ type: EventFilterRef, description: 'Which events; all without it.' }),
      orderBy: t.arg({
        type: EventOrderEnum,
        required: true,
        defaultValue: 'TIME_DESC',
        description: 'The order of the pages; a cursor belongs to the order it came from.',
      }),
      first: t.arg.int({ description: 'Events at most, from the first.' }),
      after: t.arg.string({ description: 'Only events after this cursor.' }),
      last: t.arg.int({ description: 'Events at most, from the last.' }),
      before: t.arg.string({ description: 'Only events before this cursor.' }),
      minIndex: t.arg({
        type: 'SafeInt',
        description: 'An index that the store must have reached.',
      }),
    },
    resolve: async (_root, { filter, orderBy, minIndex, ...page }, context, info) => {
      const connection = new EventConnection(context.store, {
        filter: filterOf(filter, context),
        orderBy,
        fields: fieldsOfPage(info),
        ...page,
      });
      await untilStored(context, minIndex);
      return connection;
    },
  }),
);
