import {
  type DocumentNode,
  type GraphQLSchema,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/**
 * The variables that are given to arguments of a non-null type. One of a nullable type may be, where the argument has
 * a default, and must then be left out or be a value. graphql-js and the compiler answer its null differently.
 */
export function variablesOfNonNullArguments(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  operation: OperationDefinitionNode,
): ReadonlySet<string> {
  const names = new Set<string>();
  const types = new TypeInfo(schema);
  const visitor = visitWithTypeInfo(types, {
    Variable({ name }) {
      if (isNonNullType(types.getInputType())) names.add(name.value);
    },
    VariableDefinition: () => false,
  });
  for (const definition of definitions) {
    if (definition === operation || definition.kind === Kind.FRAGMENT_DEFINITION) {
      visit(definition, visitor);
    }
  }
  return names;
}
