import { dialects, planes, severities, traitTypes } from '../event/event.ts';
import { traitOperators } from '../event/filter.ts';
import { groupFields } from '../store/store.ts';
import { builder } from './builder.ts';

export const SeverityEnum = builder.enumType('Severity', {
  description: 'Whether something was meant to happen.',
  values: described(severities, {
    NORMAL: 'An expected operation.',
    ERROR: 'An unexpected one: a crash, a failure.',
  }),
});

export const PlaneEnum = builder.enumType('Plane', {
  description: 'The side of a system that an event comes from.',
  values: described(planes, {
    CONTROL_PLANE: 'The side that decides and arranges: agents, schedulers, APIs.',
    DATA_PLANE: 'The side that carries the data and the load.',
  }),
});

export const DialectEnum = builder.enumType('Dialect', {
  description: 'The language in which an event arrived.',
  values: described(dialects, {
    TIDINGS: 'The mutations of this schema.',
    MAYASTOR: "OpenEBS Mayastor's event messages.",
    SKYWALKING: "Apache SkyWalking's events.",
    VAMP: "Vamp's events.",
    NOMAD: "HashiCorp Nomad's event stream.",
    CEILOMETER: "OpenStack's notifications and Ceilometer's events.",
    CLOUDEVENTS: 'CloudEvents.',
  }),
});

export const TraitTypeEnum = builder.enumType('TraitType', {
  description: 'The kind of value that a trait has.',
  values: described(traitTypes, {
    TEXT: 'Any string.',
    INT: 'An integer within plus or minus 2^53 - 1.',
    FLOAT: 'A number.',
    DATETIME: 'An instant.',
  }),
});

export const TraitOperatorEnum = builder.enumType('TraitOperator', {
  description:
    'How a trait is compared, within its type; INT and FLOAT compare with each other. PREFIX and CONTAINS are for TEXT.',
  values: described(traitOperators, {
    EQ: 'Equal.',
    NE: 'There, but not equal.',
    LT: 'Less, or earlier.',
    LTE: 'Less or equal.',
    GT: 'Greater, or later.',
    GTE: 'Greater or equal.',
    PREFIX: 'The string begins with this one.',
    CONTAINS: 'The string contains this one.',
    EXISTS: 'The event carries the trait, whatever it holds.',
  }),
});

export const EventGroupFieldEnum = builder.enumType('EventGroupField', {
  description: 'A field of the event by which statistics can be grouped.',
  values: described(groupFields, {
    NAMESPACE: 'Event.namespace.',
    CATEGORY: "The category's name.",
    ACTION: 'Event.action.',
    TYPE: 'category and action joined by a dot.',
    SEVERITY: 'Event.severity.',
    KEY: 'Event.key.',
    SERVICE: 'EventSource.service.',
    INSTANCE: 'EventSource.instance.',
    ENDPOINT: 'EventSource.endpoint.',
    NODE: 'EventSource.node.',
    COMPONENT: 'EventSource.component.',
    PLANE: 'EventSource.plane.',
    LAYER: 'EventSource.layer.',
    DIALECT: 'Event.dialect.',
  }),
});

/** The values of an enum in the order of our own list, each with what it means. */
export function described<const Value extends string>(
  values: readonly Value[],
  descriptions: Record<Value, string>,
): Record<Value, { value: Value; description: string }> {
  const entries = values.map((value) => [value, { value, description: descriptions[value] }]);
  return Object.fromEntries(entries) as Record<Value, { value: Value; description: string }>;
}
