import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { isNestedTooDeeply } from './bracket-depth.ts';
import { type DocumentLimits, extentRule, maxBracketDepth, maxErrors } from './limits.ts';
import { requestError, validationErrors } from './request-error.ts';

const cachedDocuments = 1_000;
/** Longer documents have values written into them and are not sent again. */
const maxCachedLength = 10_000;
/** Longer documents have errors without locations: graphql-js reads the document from its start for each. */
const maxLocatedLength = 50_000;
const maxLocatedLines = 1_000;

/** A document that may be executed, or what is wrong with it. */
type Prepared =
  | { readonly document: DocumentNode; readonly errors?: undefined }
  | { readonly errors: readonly GraphQLError[]; readonly document?: undefined };

/** Parses, validates and limits a document. */
export type PrepareDocument = (text: string) => Prepared;

/** Keeps the last 1,000 documents, good or bad. */
export function createPrepareDocument(
  schema: GraphQLSchema,
  limits: DocumentLimits,
): PrepareDocument {
  const rules = [...specifiedRules, extentRule(limits)];
  const recent = new Map<string, Prepared>();

  function prepare(text: string): Prepared {
    try {
      if (isNestedTooDeeply(text)) return { errors: [nestedTooDeeply()] };
      const noLocation = !hasLocations(text);
      const document = parse(text, { maxTokens: limits.maxTokens, noLocation });
      // graphql-js adds one more, which says that there are too many.
      const errors = validate(schema, document, rules, { maxErrors: maxErrors - 1 });
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
    if (text.length <= maxCachedLength) {
      recent.set(text, prepared);
      if (recent.size > cachedDocuments) recent.delete(recent.keys().next().value as string);
    }
    return prepared;
  };
}

const nestedTooDeeply = (): GraphQLError =>
  requestError(`The document is nested more than ${maxBracketDepth} levels deep.`);

function hasLocations(text: string): boolean {
  if (text.length > maxLocatedLength) return false;
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines <= maxLocatedLines;
}
