import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLSchema,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableDefinitionNode,
  valueFromAST,
} from 'graphql';
import { anyJson, leafValue } from './leaf-value.ts';
import { defaultMaxListLength, maxInputDepth } from './limits.ts';
import { type Variables, variableErrors } from './request-error.ts';
import { variablesOfNonNullArguments } from './variable-uses.ts';

/** An operation whose variables are coerced before it is executed. */
interface CoercedOperation {
  /** The document with variables of any JSON: the values that `coerce` has made are taken as they are. */
  readonly document: DocumentNode;
  /** Null where a value is rejected: the errors say why. */
  readonly coerce: (values: Variables) => Variables | null;
  /** Why they are rejected: the first 20 reasons. */
  readonly errors: (values: Variables) => readonly GraphQLError[];
}

export type CoerceOperation = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
) => CoercedOperation;

const rejected = Symbol('rejected');

/** A value as its type has it, or `rejected`. A list or an object may have this many levels of them. */
type Coerce = (value: unknown, levels: number) => unknown;

/**
 * Coerces variables by functions made once for each type. graphql-js looks at every field that a value could
 * have and keeps a path to each for its errors, which for a batch of events takes longer than all the rest.
 */
export function createCoercion(
  schema: GraphQLSchema,
  maxListLength = defaultMaxListLength,
): CoerceOperation {
  const coercers = new Map<GraphQLInputType, Coerce>();
  const operations = new WeakMap<OperationDefinitionNode, CoercedOperation>();

  function coercerOf(type: GraphQLInputType): Coerce {
    let coerce = coercers.get(type);
    if (coerce === undefined) {
      coerce = newCoercer(type);
      coercers.set(type, coerce);
    }
    return coerce;
  }

  function newCoercer(type: GraphQLInputType): Coerce {
    if (isNonNullType(type)) {
      const coerce = coercerOf(type.ofType);
      return (value, levels) => (value == null ? rejected : coerce(value, levels));
    }
    if (isListType(type)) return listOf(coercerOf(type.ofType), maxListLength);
    return isLeafType(type) ? leaf(type) : objectOf(type);
  }

  function objectOf(type: GraphQLInputObjectType): Coerce {
    // Looked at when the first value comes: a type may have fields of its own type.
    let fields: Fields | undefined;
    return (value, levels) => {
      if (value == null) return null;
      if (typeof value !== 'object' || Array.isArray(value) || levels === 0) return rejected;
      fields ??= fieldsOf(type, coercerOf);
      return coerceFields(value as Variables, fields, levels - 1);
    };
  }

  function plan(document: DocumentNode, operation: OperationDefinitionNode): CoercedOperation {
    const { variableDefinitions: definitions = [] } = operation;
    const notNull = variablesOfNonNullArguments(schema, document, operation);
    const variables = definitions.map((definition) => {
      const variable = variableOf(definition, schema, coercerOf);
      return notNull.has(variable.name) ? withoutNull(variable) : variable;
    });
    const free = { ...operation, variableDefinitions: definitions.map(ofAnyJson) };
    return {
      document: {
        ...document,
        definitions: document.definitions.map((each) => (each === operation ? free : each)),
      },
      coerce: (values) => coerceVariables(values, variables),
      errors: (values) =>
        variableErrors({ schema, document, operation, notNull, maxListLength }, values),
    };
  }

  return (document, operation) => {
    let coerced = operations.get(operation);
    if (coerced === undefined) {
      coerced = plan(document, operation);
      operations.set(operation, coerced);
    }
    return coerced;
  };
}

const ofAnyJson = ({ kind, variable }: VariableDefinitionNode): VariableDefinitionNode => ({
  kind,
  variable,
  type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: anyJson } },
});

interface Member {
  readonly name: string;
  readonly coerce: Coerce;
  /** Undefined where there is none. */
  readonly defaultValue: unknown;
  readonly required: boolean;
}

function variableOf(
  { variable, type: node, defaultValue }: VariableDefinitionNode,
  schema: GraphQLSchema,
  coercerOf: (type: GraphQLInputType) => Coerce,
): Member {
  const type = typeFromAST(schema, node);
  // The document was validated.
  if (!isInputType(type)) throw new Error(`$${variable.name.value} is of no input type`);
  return {
    name: variable.name.value,
    coerce: coercerOf(type),
    defaultValue: defaultValue && valueFromAST(defaultValue, type),
    required: isNonNullType(type),
  };
}

const withoutNull = (variable: Member): Member => ({
  ...variable,
  coerce: (value, levels) => (value === null ? rejected : variable.coerce(value, levels)),
  defaultValue: variable.defaultValue ?? undefined,
});

function coerceVariables(values: Variables, variables: readonly Member[]): Variables | null {
  const coerced: Record<string, unknown> = {};
  for (const variable of variables) {
    const given = Object.hasOwn(values, variable.name) ? values[variable.name] : undefined;
    if (!put(coerced, variable, given, maxInputDepth)) return null;
  }
  return coerced;
}

/** False where the value is rejected. What is absent stays so, unless it has a default. */
function put(
  into: Record<string, unknown>,
  member: Member,
  given: unknown,
  levels: number,
): boolean {
  if (given === undefined) {
    if (member.defaultValue === undefined) return !member.required;
    into[member.name] = member.defaultValue;
    return true;
  }
  const value = member.coerce(given, levels);
  into[member.name] = value;
  return value !== rejected;
}

interface Fields {
  readonly byName: ReadonlyMap<string, Member>;
  /** Those that a value must have, or has even where it is not given. */
  readonly always: readonly Member[];
  readonly isOneOf: boolean;
}

function fieldsOf(
  type: GraphQLInputObjectType,
  coercerOf: (type: GraphQLInputType) => Coerce,
): Fields {
  const members = Object.values(type.getFields()).map(
    ({ name, type: fieldType, defaultValue }: GraphQLInputField): Member => ({
      name,
      coerce: coercerOf(fieldType),
      defaultValue,
      required: isNonNullType(fieldType),
    }),
  );
  return {
    byName: new Map(members.map((member) => [member.name, member])),
    always: members.filter(({ defaultValue, required }) => defaultValue !== undefined || required),
    isOneOf: type.isOneOf,
  };
}

function coerceFields(
  value: Variables,
  { byName, always, isOneOf }: Fields,
  levels: number,
): unknown {
  const coerced: Record<string, unknown> = {};
  const names = Object.keys(value);
  for (const name of names) {
    const member = byName.get(name);
    if (member === undefined || !put(coerced, member, value[name], levels)) return rejected;
  }
  for (const member of always) {
    if (coerced[member.name] === undefined && !put(coerced, member, undefined, levels))
      return rejected;
  }
  if (!isOneOf) return coerced;
  return names.length === 1 && coerced[names[0] as string] !== null ? coerced : rejected;
}

/** A value that is no list stands for a list of it alone. */
const listOf =
  (coerce: Coerce, maxLength: number): Coerce =>
  (value, levels) => {
    if (value == null) return null;
    if (!Array.isArray(value)) return only(coerce(value, levels));
    return levels === 0 || value.length > maxLength ? rejected : itemsOf(value, coerce, levels - 1);
  };

const only = (item: unknown): unknown => (item === rejected ? rejected : [item]);

function itemsOf(values: readonly unknown[], coerce: Coerce, levels: number): unknown {
  const items: unknown[] = [];
  for (const value of values) {
    const item = coerce(value, levels);
    // The rest is not looked at: a call may be megabytes.
    if (item === rejected) return rejected;
    items.push(item);
  }
  return items;
}

const leaf =
  (type: GraphQLLeafType): Coerce =>
  (value) => {
    if (value == null) return null;
    try {
      const parsed: unknown = type.parseValue(leafValue(value, type));
      return parsed === undefined ? rejected : parsed;
    } catch {
      return rejected;
    }
  };
