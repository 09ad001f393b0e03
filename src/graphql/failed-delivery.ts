import { Forbidden } from '../access/principal.ts';
import { InputError, quoted } from '../event/input-error.ts';
import {
  type FailedDelivery,
  type FailedDeliveryPage,
  type FailedDeliveryStatus,
  failedDeliveryStatuses,
} from '../store/sinks/failed-delivery-table.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { described } from './enums.ts';
import { EventRef } from './event.ts';
import { lookUpEvent } from './lookups.ts';
import { PageInfoRef } from './page-info.ts';

export const FailedDeliveryStatusEnum = builder.enumType('FailedDeliveryStatus', {
  description: 'Whether a failed delivery is tried again.',
  values: described(failedDeliveryStatuses, {
    RETRYING: 'It is tried again by itself.',
    DEAD: 'It waits for a person.',
  }),
});

async function mayReadWhole(
  eventId: string,
  { store, session: { scope } }: Pick<GraphContext, 'store' | 'session'>,
): Promise<boolean> {
  const { read, hidden } = scope;
  if (hidden.size > 0 || read === 'NONE') return false;
  return read === 'ALL' || (await lookUpEvent(store, eventId)) !== undefined;
}

const FailedDeliveryRef = builder.objectRef<FailedDelivery>('FailedDelivery').implement({
  description: 'An event that the target rejected, kept with the body that was sent.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID.' }),
    index: t.expose('index', { type: 'SafeInt', description: "The event's index." }),
    event: t.field({
      type: EventRef,
      nullable: true,
      description: 'The event as it is now; null when retention has deleted it.',
      resolve: ({ eventId }, _args, { store }) => lookUpEvent(store, eventId),
    }),
    key: t.string({
      nullable: true,
      description: "The event's key; null for those who may not read the event.",
      resolve: async ({ eventId, key }, _args, { store, session: { scope } }) => {
        if (key === null || scope.read === 'ALL') return key;
        if (scope.read === 'NONE') return null;
        return (await lookUpEvent(store, eventId)) === undefined ? null : key;
      },
    }),
    status: t.expose('status', {
      type: FailedDeliveryStatusEnum,
      description: 'Whether it is tried again.',
    }),
    attempts: t.exposeInt('attempts', {
      description: '0 for one that only waits for an earlier one of its key.',
    }),
    lastStatus: t.exposeInt('lastStatus', {
      nullable: true,
      description: "The target's status code, where it has such.",
    }),
    lastError: t.string({
      description: "The target's answer, for those who may read the whole event, or the reason.",
      resolve: async ({ eventId, lastStatus, lastError }, _args, context) =>
        lastStatus === null || (await mayReadWhole(eventId, context))
          ? lastError
          : `The target answered ${lastStatus}.`,
    }),
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried again; null when it is not.',
      resolve: ({ nextAttemptAtMs }) =>
        nextAttemptAtMs === null ? null : Math.round(nextAttemptAtMs) * 1_000,
    }),
    body: t.string({
      description: 'The body that was sent; for those who may read the whole event.',
      resolve: async ({ eventId, body }, _args, context) => {
        if (await mayReadWhole(eventId, context)) return body;
        throw new Forbidden('READ');
      },
    }),
  }),
});

interface Connection {
  readonly page: FailedDeliveryPage;
  readonly hasPreviousPage: boolean;
  readonly totalCount: () => Promise<number>;
}

export const FailedDeliveryConnectionRef = builder
  .objectRef<Connection>('FailedDeliveryConnection')
  .implement({
    description: 'A page of failed deliveries, by index.',
    fields: (t) => ({
      nodes: t.field({
        type: [FailedDeliveryRef],
        description: 'The failed deliveries.',
        resolve: ({ page }) => page.nodes,
      }),
      pageInfo: t.field({
        type: PageInfoRef,
        description: 'How to go on from here.',
        resolve: ({ page, hasPreviousPage }) => ({
          hasNextPage: () => page.hasNextPage,
          hasPreviousPage: () => hasPreviousPage,
          startCursor: () => cursorOf(page.nodes[0]),
          endCursor: () => cursorOf(page.nodes.at(-1)),
        }),
      }),
      totalCount: t.field({
        type: 'SafeInt',
        description: 'How many there are in all.',
        resolve: ({ totalCount }) => totalCount(),
      }),
    }),
  });

const cursorOf = (failed: FailedDelivery | undefined): string | null =>
  failed === undefined ? null : `FAILED:${failed.index}`;

/** The index that a cursor is about; 0 without one. @throws InputError */
export function indexAfter(cursor: string | null | undefined): number {
  if (cursor == null) return 0;
  const index = Number(/^FAILED:(\d{1,16})$/.exec(cursor)?.[1] ?? Number.NaN);
  if (Number.isSafeInteger(index)) return index;
  throw new InputError(['after'], `${quoted(cursor)} is not a cursor of failed deliveries.`);
}

export const allStatuses: readonly FailedDeliveryStatus[] = failedDeliveryStatuses;
