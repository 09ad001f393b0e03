import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { type DocumentLimits, extentRule } from './limits.ts';
import { requestError, validationErrors } from './request-error.ts';

const cachedDocuments = 1_000;
/** Longer texts carry their values in themselves and do not come again. */
const longestCachedText = 10_000;
const mostErrors = 20;

/** A document that may be executed, or what is wrong with it. */
type Prepared =
  | { readonly document: DocumentNode; readonly errors?: undefined }
  | { readonly errors: readonly GraphQLError[]; readonly document?: undefined };

/** Parses, validates and limits the text of a document. */
export type PrepareDocument = (text: string) => Prepared;

/** Texts that were seen lately are answered from memory, whether they were good or bad. */
export function createPrepareDocument(
  schema: GraphQLSchema,
  limits: DocumentLimits,
): PrepareDocument {
  const rules = [...specifiedRules, extentRule(limits)];
  const recent = new Map<string, Prepared>();

  function prepare(text: string): Prepared {
    try {
      const document = parse(text, { maxTokens: limits.maxTokens });
      const errors = validate(schema, document, rules, { maxErrors: mostErrors });
      return errors.length === 0 ? { document } : { errors: validationErrors(errors, document) };
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [requestError(error)] };
      throw error;
    }
  }

  return (text) => {
    const known = recent.get(text);
    if (known !== undefined) {
      recent.delete(text);
      recent.set(text, known);
      return known;
    }
    const prepared = prepare(text);
    if (text.length <= longestCachedText) {
      recent.set(text, prepared);
      if (recent.size > cachedDocuments) recent.delete(recent.keys().next().value as string);
    }
    return prepared;
  };
}
