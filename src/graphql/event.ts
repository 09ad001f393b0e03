import type { FieldNode } from 'graphql';
import type { Event, EventSource } from '../event/event.ts';
import { parseId } from '../event/filter-input.ts';
import type { EventField } from '../store/store.ts';
import { builder } from './builder.ts';
import { CategoryRef } from './category.ts';
import { DialectEnum, PlaneEnum, SeverityEnum } from './enums.ts';
import { type SelectedBelow, selectedBelow } from './selected.ts';
import { TraitRef } from './trait.ts';

const EventSourceRef = builder.objectRef<EventSource>('EventSource').implement({
  description: 'Where an event comes from, as far as its reporter said.',
  fields: (t) => ({
    service: t.exposeString('service', {
      nullable: true,
      description: 'The service it happened to.',
    }),
    instance: t.exposeString('instance', {
      nullable: true,
      description: 'The one process or copy of the service.',
    }),
    endpoint: t.exposeString('endpoint', {
      nullable: true,
      description: 'The route, method or operation of the service.',
    }),
    node: t.exposeString('node', { nullable: true, description: 'The host it happened on.' }),
    component: t.exposeString('component', {
      nullable: true,
      description: 'The program that reported it: CoreAgent, IoEngine.',
    }),
    plane: t.expose('plane', {
      type: PlaneEnum,
      nullable: true,
      description: 'The side of the system that reported it.',
    }),
    layer: t.exposeString('layer', {
      nullable: true,
      description: "SkyWalking's layer: GENERAL, K8S.",
    }),
  }),
});

/**
 * A field shows what is in the event, and nothing that depends on who asks: subscribers with different rights share one result,
 * as server/feeds/selection.ts finds out. A field that is not stored under its own name is listed in `madeOf`.
 */
export const EventRef = builder.objectRef<Event>('Event').implement({
  description: 'Something that happened to something, at a time.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description:
        'A UUID. Two reports with one id are one event: typically its start and its end.',
    }),
    index: t.expose('index', {
      type: 'SafeInt',
      description:
        "Place in the journal of the event's latest change: strictly increasing, the token to resume from.",
    }),
    namespace: t.exposeString('namespace', {
      description: 'The part of the world it belongs to; `default` where the reporter did not say.',
    }),
    category: t.field({
      type: CategoryRef,
      description: 'What kind of thing it happened to: Volume, Node, compute, gateway-metric.',
      resolve: ({ category }) => ({ name: category }),
    }),
    action: t.exposeString('action', {
      nullable: true,
      description:
        'What happened: Create, NodeRegistration, instance.resize.start. Null where the reporter gave only a type without a dot.',
    }),
    type: t.exposeString('type', {
      description:
        'category and action joined by a dot: Volume.Create, compute.instance.resize.start.',
    }),
    severity: t.expose('severity', {
      type: SeverityEnum,
      description: 'NORMAL where nobody said.',
    }),
    source: t.expose('source', { type: EventSourceRef, description: 'Where it comes from.' }),
    key: t.exposeString('key', {
      nullable: true,
      description: 'The id of the one thing it happened to.',
    }),
    filterKeys: t.exposeStringList('filterKeys', {
      description: 'Other ids under which a topic filter also finds it.',
    }),
    message: t.exposeString('message', { nullable: true, description: 'One line for a person.' }),
    tags: t.exposeStringList('tags', {
      description: 'label or group:label; an event tagged group:label is also tagged group.',
    }),
    traits: t.field({
      type: [TraitRef],
      description: 'Typed facts about the event, by name.',
      args: { names: t.arg.stringList({ description: 'Only these, in the order of the event.' }) },
      resolve: ({ traits }, { names }) =>
        names ? traits.filter(({ name }) => names.includes(name)) : traits,
    }),
    trait: t.field({
      type: TraitRef,
      nullable: true,
      description: 'The trait of this name; null where the event has none.',
      args: { name: t.arg.string({ required: true, description: "The trait's name." }) },
      resolve: ({ traits }, { name }) => traits.find((trait) => trait.name === name),
    }),
    value: t.expose('value', {
      type: 'JSON',
      nullable: true,
      description: 'Anything the reporter attached.',
    }),
    time: t.expose('time', { type: 'DateTime', description: 'When it happened, or began.' }),
    endTime: t.expose('endTime', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it lasts, and for an event without duration.',
    }),
    recordedAt: t.expose('recordedAt', {
      type: 'DateTime',
      description: 'When the gateway took its latest report.',
    }),
    dialect: t.expose('dialect', {
      type: DialectEnum,
      description: 'The language in which it arrived.',
    }),
    raw: t.expose('raw', {
      type: 'JSON',
      nullable: true,
      description: 'The message exactly as it arrived, where storing it is on.',
    }),
  }),
});

/** For fields that are not stored under their own names, the stored fields that they are made of. */
const madeOf: Readonly<Record<string, readonly EventField[]>> = {
  __typename: [],
  trait: ['traits'],
};

/**
 * The stored fields that the selection of a page needs, as well as those of its cursors. A cached document is searched
 * once.
 */
export function fieldsOfPage(info: SelectedBelow): readonly EventField[] {
  const [node, ...others] = info.fieldNodes;
  if (node === undefined || others.length > 0) return fieldsSelected(info);
  const fields = fieldsOfPages.get(node) ?? fieldsSelected(info);
  fieldsOfPages.set(node, fields);
  return fields;
}

const fieldsOfPages = new WeakMap<FieldNode, readonly EventField[]>();

function fieldsSelected(info: SelectedBelow): readonly EventField[] {
  const selected = [
    ...selectedBelow(info, ['nodes']),
    ...selectedBelow(info, ['edges', 'node']),
  ].flatMap((field) =>
    // The fields of the source are the event's own in the store.
    field.name.value === 'source'
      ? selectedBelow({ fieldNodes: [field], fragments: info.fragments })
      : [field],
  );
  const fields = selected.flatMap(({ name: { value } }) => madeOf[value] ?? [value as EventField]);
  return [...new Set<EventField>(['time', 'index', ...fields])];
}

builder.queryField('event', (t) =>
  t.field({
    type: EventRef,
    nullable: true,
    description: 'One event by its id; null when there is none, or none that the caller may read.',
    args: { id: t.arg.id({ required: true, description: 'A UUID.' }) },
    resolve: (_root, { id }, { store }) => store.event(parseId(id, ['id'])),
  }),
);
