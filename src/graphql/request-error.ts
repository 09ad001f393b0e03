import {
  type ASTNode,
  BREAK,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableDefinitionNode,
  visit,
} from 'graphql';
import { quoted } from '../event/input-error.ts';
import { maxErrors } from './limits.ts';
import { shortMessage, shortPath, shown } from './short-text.ts';
import { faultsOf, type VariableFault } from './variable-faults.ts';

/** How an error is answered over HTTP; `spec`: with application/json it is a 200 all the same. */
export interface HttpAnswer {
  readonly status: number;
  readonly spec?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Positions in the document that one error names. */
const maxNodes = 4;

const faultOfTheRequest: HttpAnswer = { status: 400, spec: true };

/** A fault of the request itself: nothing was executed. */
export function requestError(
  error: GraphQLError | string,
  { argument, http = faultOfTheRequest }: { argument?: readonly string[]; http?: HttpAnswer } = {},
): GraphQLError {
  const { message, nodes, source, positions } =
    typeof error === 'string' ? new GraphQLError(error) : error;
  const extensions = {
    code: 'BAD_USER_INPUT',
    ...(argument && { argument: shortPath(argument) }),
    http,
  };
  return new GraphQLError(shortMessage(message), {
    // The first node is the one at fault; a conflict may name every field of a document.
    nodes: nodes?.slice(0, maxNodes) ?? null,
    source: source ?? null,
    positions: nodes ? null : (positions ?? null),
    extensions,
  });
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

interface AskedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Variables that must not be null, whatever their type. */
  readonly notNull: ReadonlySet<string>;
  readonly maxListLength: number;
}

/** The first 20 things that are wrong with the values of variables, each with the argument to which the variable is given. */
export function variableErrors(asked: AskedOperation, values: Variables): readonly GraphQLError[] {
  const { document, operation } = asked;
  const errors: GraphQLError[] = [];
  for (const definition of operation.variableDefinitions ?? []) {
    const faults = faultsOfVariable(definition, asked, values);
    if (faults.length === 0) continue;
    const name = definition.variable.name.value;
    const argument = argumentPath(document, (node) => isUse(node, name)) ?? [name];
    for (const fault of faults.slice(0, maxErrors - errors.length)) {
      const error = new GraphQLError(messageOf(name, fault), { nodes: definition });
      errors.push(requestError(error, { argument: [...argument, ...fault.path] }));
    }
  }
  return errors;
}

export type Variables = Readonly<Record<string, unknown>>;

function faultsOfVariable(
  { variable, type: node, defaultValue }: VariableDefinitionNode,
  { schema, notNull, maxListLength }: AskedOperation,
  values: Variables,
): readonly VariableFault[] {
  const name = variable.name.value;
  const type = typeFromAST(schema, node);
  if (!isInputType(type)) return [];
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === null && notNull.has(name)) {
    return [{ path: [], value, message: 'Leave it out for the default: it must not be null.' }];
  }
  if (value !== undefined) return faultsOf(value, type, maxListLength);
  if (defaultValue !== undefined || !isNonNullType(type)) return [];
  return [{ path: [], value: undefined, message: `of required type "${type}" was not provided.` }];
}

function messageOf(variable: string, { path, value, message }: VariableFault): string {
  const at = path.length === 0 ? '' : ` at ${quoted([variable, ...shortPath(path)].join('.'))}`;
  return value === undefined
    ? `Variable "$${variable}" ${message}`
    : `Variable "$${variable}" got invalid value ${shown(value)}${at}; ${message}`;
}

const isUse = (node: ASTNode, variable: string): boolean =>
  (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) &&
  node.value.kind === Kind.VARIABLE &&
  node.value.name.value === variable;

/** The path from the argument that contains a node down to the node: ['filter', 'traits', '0', 'op']. */
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
