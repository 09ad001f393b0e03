import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { HiddenField } from '../access/policy.ts';
import { hiddenField } from '../access/scoped-store.ts';

/** The fields of the schema that show what a grant may hide. */
const showing: Readonly<Record<string, HiddenField>> = {
  'Event.value': 'VALUE',
  'Event.raw': 'RAW',
  'Event.traits': 'TRAITS',
  'Event.trait': 'TRAITS',
  // They are traits of the alarm's event.
  'Alarm.value': 'TRAITS',
  'Alarm.latestValue': 'TRAITS',
  'Event.message': 'MESSAGE',
  'Query.traitDescriptors': 'TRAITS',
};

interface Selected {
  readonly hides: HiddenField;
  readonly error: GraphQLError;
}

const known = new WeakMap<DocumentNode, readonly Selected[]>();

/** An error for each selection of a field that is hidden from the caller: then nothing is executed. */
export function hiddenSelections(
  schema: GraphQLSchema,
  document: DocumentNode,
  hidden: ReadonlySet<HiddenField>,
): readonly GraphQLError[] {
  if (hidden.size === 0) return [];
  let selected = known.get(document);
  if (selected === undefined) {
    selected = selectionsIn(schema, document);
    known.set(document, selected);
  }
  return selected.filter(({ hides }) => hidden.has(hides)).map(({ error }) => error);
}

function selectionsIn(schema: GraphQLSchema, document: DocumentNode): readonly Selected[] {
  const selected: Selected[] = [];
  const types = new TypeInfo(schema);
  const path: string[] = [];
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        enter(node) {
          path.push(node.alias?.value ?? node.name.value);
          const hides = showing[`${types.getParentType()?.name}.${node.name.value}`];
          if (hides === undefined) return;
          const { message } = hiddenField(node.name.value);
          const options = { nodes: node, path: [...path], extensions: { code: 'FORBIDDEN' } };
          selected.push({ hides, error: new GraphQLError(message, options) });
        },
        leave: () => void path.pop(),
      },
    }),
  );
  return selected;
}
