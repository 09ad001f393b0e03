import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionNode } from 'graphql';

/** The parts of a resolver's info that have the selections below its field. */
export type SelectedBelow = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

/**
 * The fields that are selected below the resolved one, under any alias and in any fragment; with a path, those below
 * the fields of these names.
 */
export function selectedBelow(
  { fieldNodes, fragments }: SelectedBelow,
  path: readonly string[] = [],
): readonly FieldNode[] {
  const fieldsIn = (selections: readonly SelectionNode[] = []): FieldNode[] =>
    selections.flatMap(fieldsOf);

  function fieldsOf(selection: SelectionNode): FieldNode[] {
    switch (selection.kind) {
      case Kind.FIELD:
        return [selection];
      case Kind.INLINE_FRAGMENT:
        return fieldsIn(selection.selectionSet.selections);
      case Kind.FRAGMENT_SPREAD:
        return fieldsIn(fragments[selection.name.value]?.selectionSet.selections);
    }
  }

  const below = fieldNodes.flatMap(({ selectionSet }) => fieldsIn(selectionSet?.selections));
  const [name, ...rest] = path;
  if (name === undefined) return below;
  const named = below.filter((field) => field.name.value === name);
  return selectedBelow({ fieldNodes: named, fragments }, rest);
}
