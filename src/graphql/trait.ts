import type { Trait } from '../event/event.ts';
import { formatInstant } from '../event/instant.ts';
import type { TraitDescriptor } from '../store/store.ts';
import { builder } from './builder.ts';
import { TraitTypeEnum } from './enums.ts';
import { listLimits, namesOf } from './limits.ts';

export const TraitRef = builder.objectRef<Trait>('Trait').implement({
  description: 'A typed fact. Exactly the field that belongs to its type is set.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Unique within an event.' }),
    type: t.expose('type', { type: TraitTypeEnum, description: 'Says which field is set.' }),
    text: t.string({
      nullable: true,
      description: 'The value of a TEXT trait.',
      resolve: (trait) => (trait.type === 'TEXT' ? trait.value : null),
    }),
    int: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'The value of an INT trait.',
      resolve: (trait) => (trait.type === 'INT' ? trait.value : null),
    }),
    float: t.float({
      nullable: true,
      description: 'The value of a FLOAT trait.',
      resolve: (trait) => (trait.type === 'FLOAT' ? trait.value : null),
    }),
    dateTime: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'The value of a DATETIME trait.',
      resolve: (trait) => (trait.type === 'DATETIME' ? trait.value : null),
    }),
    value: t.field({
      type: 'JSON',
      description: 'The same value, untyped.',
      resolve: (trait) => (trait.type === 'DATETIME' ? formatInstant(trait.value) : trait.value),
    }),
  }),
});

const TraitDescriptorRef = builder.objectRef<TraitDescriptor>('TraitDescriptor').implement({
  description: 'A trait that events of a type have been seen to carry.',
  fields: (t) => ({
    name: t.exposeString('name', { description: "The trait's name." }),
    type: t.expose('type', { type: TraitTypeEnum, description: 'The kind of value that it has.' }),
    eventType: t.exposeString('eventType', {
      description: 'The type of the events that carry it.',
    }),
  }),
});

builder.queryField('traitDescriptors', (t) =>
  t.field({
    type: [TraitDescriptorRef],
    description: 'The traits that events of a type carry, with their types.',
    args: {
      types: t.arg.stringList({
        description: `Only of these event types, at most ${listLimits.types}: Volume.Create.`,
      }),
    },
    resolve: (_root, { types }, { store }) => store.traitDescriptors(namesOf(types, 'types')),
  }),
);
