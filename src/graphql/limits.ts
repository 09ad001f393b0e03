import {
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { InputError } from '../event/input-error.ts';
import { parseText } from '../event/text.ts';

/** Errors in the answer to a bad request. */
export const maxErrors = 20;
/** Levels of lists and objects in the value of a variable. */
export const maxInputDepth = 256;
/** Entries of any list in the values of variables, which are counted before any is read. */
export const defaultMaxListLength = 1_000;
/** Characters of an alias, which each entry of a list repeats. */
const maxAliasLength = 256;
/** Levels of brackets of any kind in a document. */
export const maxBracketDepth = 200;

/** Entries at most of the lists in arguments; those of a filter are in event/filter-input.ts. */
export const listLimits = {
  groupBy: 16,
  percentiles: 32,
  /** Of categories. */
  names: 1_000,
  /** Of traitDescriptors. */
  types: 1_000,
} as const;

/** The entries of a list argument, which are counted before any is read. @throws InputError */
export function listOf<Entry>(
  entries: readonly Entry[] | null | undefined,
  argument: keyof typeof listLimits,
): readonly Entry[] {
  const max = listLimits[argument];
  const length = entries?.length ?? 0;
  if (length <= max) return entries ?? [];
  throw new InputError([argument], `${argument} may have at most ${max} entries, got ${length}.`);
}

/** The same for names: each as the store can look it up. Null where the argument is left out. @throws InputError */
export function namesOf(
  names: readonly string[] | null | undefined,
  argument: keyof typeof listLimits,
): readonly string[] | null {
  if (names == null) return null;
  return listOf(names, argument).map((name, position) =>
    parseText(name, [argument, String(position)]),
  );
}

/** The limits of one document. */
export interface DocumentLimits {
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxTokens: number;
}

interface Extent {
  readonly depth: number;
  readonly aliases: number;
}

/** Refuses operations that nest deeper, or rename more fields, than is allowed. Introspection does not count. */
export function extentRule({ maxDepth, maxAliases }: DocumentLimits): ValidationRule {
  return (context) => ({
    OperationDefinition: (operation) => check(operation, context),
    Field({ alias }) {
      const length = alias?.value.length ?? 0;
      if (length <= maxAliasLength) return;
      context.reportError(
        new GraphQLError(
          `An alias has ${length} characters: at most ${maxAliasLength} are allowed.`,
          alias && { nodes: alias },
        ),
      );
    },
  });

  function check(operation: OperationDefinitionNode, context: ValidationContext): void {
    const { depth, aliases } = measure(operation.selectionSet, context);
    if (depth > maxDepth) {
      refuse(`The operation is ${depth} levels deep: at most ${maxDepth} are allowed.`);
    }
    if (aliases > maxAliases) {
      refuse(`The operation has ${aliases} aliases: at most ${maxAliases} are allowed.`);
    }
    function refuse(message: string): void {
      context.reportError(new GraphQLError(message, { nodes: operation }));
    }
  }
}

function measure(root: SelectionSetNode, context: ValidationContext): Extent {
  const fragments = new Map<string, Extent>();
  return extentOf(root);

  function extentOf({ selections }: SelectionSetNode): Extent {
    let depth = 0;
    let aliases = 0;
    for (const selection of selections) {
      const extent = selectionExtent(selection);
      depth = Math.max(depth, extent.depth);
      aliases += extent.aliases;
    }
    return { depth, aliases };
  }

  function selectionExtent(selection: SelectionSetNode['selections'][number]): Extent {
    switch (selection.kind) {
      case Kind.FIELD: {
        if (selection.name.value.startsWith('__')) return { depth: 0, aliases: 0 };
        const inner = selection.selectionSet ? extentOf(selection.selectionSet) : nothing;
        return { depth: inner.depth + 1, aliases: inner.aliases + (selection.alias ? 1 : 0) };
      }
      case Kind.INLINE_FRAGMENT:
        return extentOf(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD:
        return fragmentExtent(selection.name.value, context.getFragment(selection.name.value));
    }
  }

  /** Measured once; a fragment within itself counts nothing here, and another rule rejects it. */
  function fragmentExtent(
    name: string,
    fragment: FragmentDefinitionNode | null | undefined,
  ): Extent {
    const known = fragments.get(name);
    if (known !== undefined || !fragment) return known ?? nothing;
    fragments.set(name, nothing);
    const extent = extentOf(fragment.selectionSet);
    fragments.set(name, extent);
    return extent;
  }
}

const nothing: Extent = { depth: 0, aliases: 0 };
