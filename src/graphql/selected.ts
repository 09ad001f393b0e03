import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionNode } from 'graphql';

/** Where a resolver finds what is selected below its field. */
export type SelectedBelow = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

/**
 * The fields that are selected below the one that is resolved, under any name and in any fragment; behind a path,
 * those below the fields of these names.
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
