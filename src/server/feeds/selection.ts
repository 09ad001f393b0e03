import { createHash } from 'node:crypto';
import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** A subscription's document, taken apart into what is followed and what is selected of it. */
export interface Selection {
  /** The field that is subscribed to, with its arguments. */
  readonly field: FieldNode;
  /**
   * The document reduced to the operation, without its name, the arguments of the field and the variables that only they
   * use: equal for all that select the same, whatever they select it of.
   */
  readonly document: DocumentNode;
  /** The operation of that document. */
  readonly operation: OperationDefinitionNode;
  /** A digest of that document, however it was laid out. */
  readonly digest: string;
  /** The variables that the selection uses. */
  readonly variables: readonly string[];
  /** Whether it shows what is in the event alone, which is the same for everybody who may read the event. */
  readonly ofEventAlone: boolean;
}

const eventTypes: ReadonlySet<string> = new Set(['Event', 'EventSource', 'Trait']);
/** A category has more to show than its name: the catalogue, as far as the caller may read it. */
const otherFields: ReadonlySet<string> = new Set(['Subscription.events', 'Category.name']);

/** Null where the document, which has been validated, subscribes to no field. */
export function readSelection(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Selection | null {
  const fragments = new Map(
    document.definitions.filter(isFragment).map((fragment) => [fragment.name.value, fragment]),
  );
  const used = fragmentsUsed(operation, fragments);
  const types = new TypeInfo(schema);
  let field: FieldNode | null = null;
  let ofEventAlone = true;
  const withoutArguments = visitWithTypeInfo(types, {
    Field(node: FieldNode) {
      const type = types.getParentType()?.name ?? '';
      ofEventAlone &&= eventTypes.has(type) || otherFields.has(`${type}.${node.name.value}`);
      if (types.getParentType() !== schema.getSubscriptionType()) return undefined;
      field ??= node;
      return { ...node, arguments: [] };
    },
  });
  const strip = <Node extends DefinitionNode>(node: Node): Node => visit(node, withoutArguments);
  const definitions = [strip(operation), ...used.map(strip)] as const;
  if (field === null) return null;

  const variables = variablesUsed(definitions);
  const [stripped, ...others] = definitions;
  const { name: _, ...unnamed } = stripped;
  const bareOperation: OperationDefinitionNode = {
    ...unnamed,
    variableDefinitions: (operation.variableDefinitions ?? []).filter(({ variable }) =>
      variables.has(variable.name.value),
    ),
  };
  const reduced: DocumentNode = { kind: Kind.DOCUMENT, definitions: [bareOperation, ...others] };
  return {
    field,
    document: reduced,
    operation: bareOperation,
    digest: createHash('sha256').update(print(reduced)).digest('base64url'),
    variables: [...variables].sort(),
    ofEventAlone,
  };
}

const isFragment = (definition: DefinitionNode): definition is FragmentDefinitionNode =>
  definition.kind === Kind.FRAGMENT_DEFINITION;

/** The fragments that an operation uses, itself or through others, in the order of their names. */
function fragmentsUsed(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): readonly FragmentDefinitionNode[] {
  const used = new Map<string, FragmentDefinitionNode>();
  const collect = (node: DefinitionNode): void =>
    void visit(node, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (fragment === undefined || used.has(name.value)) return;
        used.set(name.value, fragment);
        collect(fragment);
      },
    });
  collect(operation);
  return [...used.values()].sort((a, b) => (a.name.value < b.name.value ? -1 : 1));
}

/** Those in fields and directives, without definitions. */
function variablesUsed(definitions: readonly DefinitionNode[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const definition of definitions) {
    visit(definition, {
      VariableDefinition: () => false,
      Variable: ({ name }) => void names.add(name.value),
    });
  }
  return names;
}
