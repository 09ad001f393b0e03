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
 * The variables that are given to arguments of a non-null type. Such a variable may itself be nullable, where the argument
 * has a default: it may be left out, but not be null. graphql-js and the compiler would answer that null differently.
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
