import { requireReadable } from '../access/scoped-store.ts';
import { everything, type Filter } from '../event/filter.ts';
import { type FilterInput, parseFilter } from '../event/filter-input.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { DialectEnum, PlaneEnum, SeverityEnum, TraitOperatorEnum } from './enums.ts';
import { TraitValueRef } from './trait-value.ts';

const EventSourceFilterRef = builder.inputType('EventSourceFilter', {
  description: 'Where an event comes from: everything given must be equal.',
  fields: (t) => ({
    service: t.string({ description: 'The service it happened to.' }),
    instance: t.string({ description: 'The one process or copy of the service.' }),
    endpoint: t.string({ description: 'The route, method or operation of the service.' }),
    node: t.string({ description: 'The host it happened on.' }),
    component: t.string({ description: 'The program that reported it.' }),
    plane: t.field({ type: PlaneEnum, description: 'The side of the system that reported it.' }),
    layer: t.string({ description: "SkyWalking's layer." }),
  }),
});

export const TimeRangeRef = builder.inputType('TimeRange', {
  description: 'Bounds are inclusive with gte and lte; lt with lte, or gt with gte, is rejected.',
  fields: (t) => ({
    gt: t.field({ type: 'TimeExpression', description: 'Later than.' }),
    gte: t.field({ type: 'TimeExpression', description: 'At or later than.' }),
    lt: t.field({ type: 'TimeExpression', description: 'Earlier than.' }),
    lte: t.field({ type: 'TimeExpression', description: 'At or earlier than.' }),
  }),
});

const TraitFilterRef = builder.inputType('TraitFilter', {
  description: 'A trait that the event must carry, in a type that compares with the value.',
  fields: (t) => ({
    name: t.string({ required: true, description: "The trait's name." }),
    op: t.field({ type: TraitOperatorEnum, defaultValue: 'EQ', description: 'How it compares.' }),
    value: t.field({ type: TraitValueRef, description: 'Left out only with EXISTS.' }),
  }),
});

export const EventFilterRef = builder.inputRef<FilterInput>('EventFilter').implement({
  description:
    'Everything given must hold; lists hold when any of their entries does, except tags.',
  fields: (t) => ({
    ids: t.idList({ description: 'One of these events.' }),
    namespaces: t.stringList({ description: 'In one of these namespaces.' }),
    categories: t.stringList({ description: 'In one of these categories.' }),
    actions: t.stringList({ description: 'One of these actions.' }),
    types: t.stringList({
      description:
        'Unix globs (* and ? match dots too); an entry that begins with ! excludes; exclusions alone match all else.',
    }),
    topics: t.stringList({
      description:
        "Nomad topics: Category, Category:key, *:key, *. A key is an event's key or one of its filterKeys.",
    }),
    keys: t.stringList({ description: "The event's key or one of its filterKeys." }),
    tags: t.stringList({ description: 'All of these tags.' }),
    anyTags: t.stringList({ description: 'At least one of these tags.' }),
    severities: t.field({ type: [SeverityEnum], description: 'One of these severities.' }),
    source: t.field({ type: EventSourceFilterRef, description: 'Where it comes from.' }),
    time: t.field({ type: TimeRangeRef, description: 'When it happened, or began.' }),
    ended: t.boolean({
      description: 'True: only events with an endTime; false: only events without one.',
    }),
    traits: t.field({ type: [TraitFilterRef], description: 'All of these traits.' }),
    dialects: t.field({ type: [DialectEnum], description: 'Arrived in one of these languages.' }),
    all: t.field({ type: [EventFilterRef], description: 'All of these filters.' }),
    any: t.field({ type: [EventFilterRef], description: 'At least one of these filters.' }),
    not: t.field({ type: EventFilterRef, description: 'Not this filter.' }),
  }),
});

/**
 * The filter of an operation, its time expressions relative to when the operation began.
 * @throws InputError; Forbidden where the caller may not ask this
 */
export function filterOf(
  filter: FilterInput | null | undefined,
  { now, maxFilterDepth, session }: GraphContext,
): Filter {
  const parsed =
    filter == null
      ? everything
      : parseFilter(filter, { now, path: ['filter'], maxDepth: maxFilterDepth });
  requireReadable(parsed, session.scope);
  return parsed;
}
