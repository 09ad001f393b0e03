import {
  type ASTNode,
  BREAK,
  coerceInputValue,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  Kind,
  typeFromAST,
  type VariableDefinitionNode,
  visit,
} from 'graphql';

/** How an error is answered over HTTP; `spec`: with application/json it is a 200 all the same. */
export interface HttpAnswer {
  readonly status: number;
  readonly spec?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

const faultOfTheRequest: HttpAnswer = { status: 400, spec: true };

/** A fault of the request itself: nothing was executed. */
export function requestError(
  error: GraphQLError | string,
  { argument, http = faultOfTheRequest }: { argument?: readonly string[]; http?: HttpAnswer } = {},
): GraphQLError {
  const { message, nodes, source, positions } =
    typeof error === 'string' ? new GraphQLError(error) : error;
  const extensions = { code: 'BAD_USER_INPUT', ...(argument && { argument }), http };
  const place = { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null };
  return new GraphQLError(message, { ...place, extensions });
}

/** Errors of validation, each with the argument it is about where it is about one. */
export function validationErrors(
  errors: readonly GraphQLError[],
  document: DocumentNode,
): readonly GraphQLError[] {
  return errors.map((error) => {
    const argument = argumentPath(document, (node) => node === error.nodes?.[0]);
    return requestError(error, argument === null ? {} : { argument });
  });
}

/** Errors of variables, each with the place in the argument to which the variable is given. */
export function variableErrors(
  errors: readonly GraphQLError[],
  {
    schema,
    document,
    values,
  }: { schema: GraphQLSchema; document: DocumentNode; values: Variables },
): readonly GraphQLError[] {
  const faults = new Map<VariableDefinitionNode, string[][]>();
  return errors.map((error: Error) => {
    // graphql-js hands on whatever it caught, a full stack too.
    if (!(error instanceof GraphQLError)) return requestError('The variables nest too deeply.');
    const definition = error.nodes?.[0];
    if (definition?.kind !== Kind.VARIABLE_DEFINITION) return requestError(error);
    const inside = faults.get(definition) ?? faultsOf(definition, schema, values);
    faults.set(definition, inside);
    const name = definition.variable.name.value;
    const argument = argumentPath(document, (node) => isUse(node, name)) ?? [name];
    return requestError(error, { argument: [...argument, ...(inside.shift() ?? [])] });
  });
}

export type Variables = Readonly<Record<string, unknown>>;

function faultsOf(
  { variable, type }: VariableDefinitionNode,
  schema: GraphQLSchema,
  values: Variables,
): string[][] {
  const value = values[variable.name.value];
  const inputType = typeFromAST(schema, type);
  const faults: string[][] = [];
  if (value == null || !isInputType(inputType)) return faults;
  coerceInputValue(value, inputType, (path) => faults.push(path.map(String)));
  return faults;
}

const isUse = (node: ASTNode, variable: string): boolean =>
  (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) &&
  node.value.kind === Kind.VARIABLE &&
  node.value.name.value === variable;

/** The argument in which a node stands, down to the node: ['filter', 'traits', '0', 'op']. */
function argumentPath(
  document: DocumentNode,
  isWanted: (node: ASTNode) => boolean,
): readonly string[] | null {
  let found: readonly string[] | null = null;
  visit(document, {
    enter(node, _key, _parent, path) {
      if (!isWanted(node)) return;
      found = namesAlong(document, path);
      return BREAK;
    },
  });
  return found;
}

function namesAlong(
  document: DocumentNode,
  path: readonly (string | number)[],
): readonly string[] | null {
  const names: string[] = [];
  let node: unknown = document;
  let within: string | number | undefined;
  for (const key of path) {
    node = (node as Record<string | number, unknown>)[key];
    const { kind, name } = node as { kind?: Kind; name?: { value: string } };
    if (name && (kind === Kind.ARGUMENT || kind === Kind.OBJECT_FIELD)) names.push(name.value);
    if (within === 'values') names.push(String(key));
    within = key;
  }
  return names.length === 0 ? null : names;
}
