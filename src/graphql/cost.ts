import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Variables } from './request-error.ts';

/** Of a list whose length nobody gave. */
const assumedLength = 10;
/** Of a page without first and last. */
const defaultPage = 30;
/** Of an answer that depends on everything that matches. */
const boundedScan = 1_000;
const wholeScan = 10_000;

/** Fields whose answer depends on all events that match. */
const scanning: ReadonlySet<string> = new Set([
  'Query.aggregateEvents',
  'Query.tags',
  'EventConnection.totalCount',
  'Mutation.testAlarmRule',
]);

/** The facts of a field that the fields below it depend on. */
interface Above {
  /** Objects of the first list below; null where a list has no length of its own. */
  readonly page: number | null;
  /** Cost of looking at everything that matches the filter. */
  readonly scan: number;
}

const nothingAbove: Above = { page: null, scan: wholeScan };

/**
 * Estimates what an operation costs before it runs: 1 for each object that it may answer, so that pages in pages
 * multiply, and as much for each value under an alias, as a field may be shown many times; and for statistics and counts
 * 1,000 more, or 10,000 where nothing bounds the time of the events.
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  /** By fragment and what is above: one that is spread often is measured once. */
  const known = new Map<string, number>();
  const root = schema.getRootType(operation.operation);
  const cost = root ? ofSelections(operation.selectionSet, root.name, nothingAbove) : 0;
  return Math.min(cost, Number.MAX_SAFE_INTEGER);

  function ofSelections({ selections }: SelectionSetNode, type: string, above: Above): number {
    let sum = 0;
    for (const selection of selections) {
      switch (selection.kind) {
        case Kind.FIELD:
          sum += ofField(selection, type, above);
          break;
        case Kind.INLINE_FRAGMENT: {
          const narrowed = selection.typeCondition?.name.value ?? type;
          sum += ofSelections(selection.selectionSet, narrowed, above);
          break;
        }
        case Kind.FRAGMENT_SPREAD:
          sum += ofFragment(selection.name.value, above);
      }
    }
    return sum;
  }

  function ofFragment(name: string, above: Above): number {
    const key = `${name} ${above.page} ${above.scan}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const fragment = fragments.get(name);
    if (fragment === undefined) return 0;
    known.set(key, 0);
    const cost = ofSelections(fragment.selectionSet, fragment.typeCondition.name.value, above);
    known.set(key, cost);
    return cost;
  }

  function ofField(node: FieldNode, typeName: string, above: Above): number {
    const type = schema.getType(typeName);
    const field = isObjectType(type) ? type.getFields()[node.name.value] : undefined;
    if (field === undefined) return 0;
    const args = argumentsOf(field, node);
    const own = scanCost(`${typeName}.${field.name}`, args, above);
    if (node.selectionSet === undefined) return own + aliasCost(node);
    const isList = isListType(getNullableType(field.type));
    const page = pageOf(field, args);
    const filters = field.args.some(({ name }) => name === 'filter');
    const below: Above = {
      page: isList ? null : page,
      scan: filters ? scanOf(args.filter) : above.scan,
    };
    const one = 1 + ofSelections(node.selectionSet, getNamedType(field.type).name, below);
    return own + (isList ? lengthOf(page, above) : 1) * one;
  }

  function argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode): Arguments {
    try {
      return getArgumentValues(field, node, variables);
    } catch {
      // It is rejected where it runs.
      return {};
    }
  }
}

const aliasCost = ({ alias }: FieldNode): number => (alias === undefined ? 0 : 1);

const lengthOf = (page: number | null, above: Above): number => page ?? above.page ?? assumedLength;

type Arguments = Readonly<Record<string, unknown>>;

function scanCost(coordinate: string, args: Arguments, above: Above): number {
  if (!scanning.has(coordinate)) return 0;
  return coordinate.startsWith('EventConnection.') ? above.scan : scanOf(args.filter);
}

function scanOf(filter: unknown): number {
  const { ids, time } = (filter ?? {}) as { ids?: unknown; time?: { gt?: unknown; gte?: unknown } };
  const isBounded = ids != null || time?.gt != null || time?.gte != null;
  return isBounded ? boundedScan : wholeScan;
}

/** Null for a field that has no pages. */
function pageOf(field: GraphQLField<unknown, unknown>, { first, last }: Arguments): number | null {
  if (!field.args.some(({ name }) => name === 'first')) return null;
  const sizes = [first, last].filter((size): size is number => typeof size === 'number');
  return sizes.length === 0 ? defaultPage : Math.max(0, ...sizes);
}
