import type { DraftTrait, EventDraft } from '../event/draft.ts';
import { builder } from './builder.ts';
import { PlaneEnum, SeverityEnum } from './enums.ts';
import { type TraitValueInput, TraitValueRef } from './trait-value.ts';

const EventSourceInputRef = builder.inputType('EventSourceInput', {
  description: 'Where an event comes from: whatever of it is known.',
  fields: (t) => ({
    service: t.string({ description: 'The service it happened to.' }),
    instance: t.string({ description: 'The one process or copy of the service.' }),
    endpoint: t.string({ description: 'The route, method or operation of the service.' }),
    node: t.string({ description: 'The host it happened on.' }),
    component: t.string({ description: 'The program that reports it.' }),
    plane: t.field({ type: PlaneEnum, description: 'The side of the system that reports it.' }),
    layer: t.string({ description: "SkyWalking's layer: GENERAL, K8S." }),
  }),
});

const TraitInputRef = builder.inputType('TraitInput', {
  description: 'A typed fact about an event.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Unique within the event.' }),
    value: t.field({ type: TraitValueRef, required: true, description: 'What it holds.' }),
  }),
});

export const EventInputRef = builder.inputType('EventInput', {
  description: 'A report of something that happened. Nothing is required.',
  fields: (t) => ({
    id: t.id({
      description:
        'A UUID; made here (version 7) when absent. A report with a known id of the same namespace completes that event.',
    }),
    namespace: t.string({
      defaultValue: 'default',
      description: 'The part of the world it belongs to.',
    }),
    type: t.string({
      description:
        'Either type, or category with or without action; `event` when neither is given.',
    }),
    category: t.string({ description: 'What kind of thing it happened to: Volume.' }),
    action: t.string({ description: 'What happened: Create.' }),
    severity: t.field({ type: SeverityEnum, description: 'NORMAL when nobody says.' }),
    source: t.field({ type: EventSourceInputRef, description: 'Where it comes from.' }),
    key: t.string({ description: 'The id of the one thing it happened to.' }),
    filterKeys: t.stringList({
      description: 'Other ids under which a topic filter also finds it.',
    }),
    message: t.string({ description: 'One line for a person.' }),
    tags: t.stringList({ description: 'label or group:label; the latter also tags it group.' }),
    traits: t.field({ type: [TraitInputRef], description: 'Typed facts, one for a name.' }),
    value: t.field({ type: 'JSON', description: 'Anything to attach.' }),
    time: t.field({
      type: 'DateTime',
      description: 'When it happened, or began. Now when absent.',
    }),
    endTime: t.field({ type: 'DateTime', description: 'When it ended.' }),
    raw: t.field({ type: 'JSON', description: 'The message from which this report was made.' }),
  }),
});

/** Converts the input of the mutation into the form that every dialect reports. Field by field: spreading takes longer. */
export function draftOf(input: typeof EventInputRef.$inferInput): EventDraft {
  return {
    id: input.id,
    namespace: input.namespace,
    type: input.type,
    category: input.category,
    action: input.action,
    severity: input.severity,
    source: input.source,
    key: input.key,
    filterKeys: input.filterKeys,
    message: input.message,
    tags: input.tags,
    traits: input.traits?.map(({ name, value }) => traitOf(name, value)),
    value: input.value,
    time: input.time,
    endTime: input.endTime,
    raw: input.raw,
    dialect: 'TIDINGS',
  };
}

function traitOf(name: string, { text, int, float, dateTime }: TraitValueInput): DraftTrait {
  if (text != null) return { name, type: 'TEXT', value: text };
  if (int != null) return { name, type: 'INT', value: int };
  if (float != null) return { name, type: 'FLOAT', value: float };
  return { name, type: 'DATETIME', value: dateTime ?? '' };
}
