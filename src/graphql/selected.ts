import { type GraphQLResolveInfo, Kind, type SelectionNode, type SelectionSetNode } from 'graphql';

/** Whether any of these fields is selected below the field that is resolved, under any name, in any fragment. */
export function selects(
  { fieldNodes, fragments }: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>,
  fields: ReadonlySet<string>,
): boolean {
  const within = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some(isSuch) ?? false;

  function isSuch(selection: SelectionNode): boolean {
    switch (selection.kind) {
      case Kind.FIELD:
        return fields.has(selection.name.value);
      case Kind.INLINE_FRAGMENT:
        return within(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD:
        return within(fragments[selection.name.value]?.selectionSet);
    }
  }

  return fieldNodes.some(({ selectionSet }) => within(selectionSet));
}
