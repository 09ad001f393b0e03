import { GraphQLError } from 'graphql';

interface PersistedQueryRequest {
  readonly query?: unknown;
  readonly extensions?: unknown;
}

/** Whether a client sends the hash of a query that it hopes we know, and not the query. */
export const isPersistedQueryAlone = ({ query, extensions }: PersistedQueryRequest): boolean =>
  (query === undefined || query === null || query === '') &&
  typeof extensions === 'object' &&
  extensions !== null &&
  'persistedQuery' in extensions;

/** The answer that Apollo Client's persisted query link knows: it sends the whole query then, and from then on. */
export const persistedQueryNotSupported = (): GraphQLError =>
  new GraphQLError('PersistedQueryNotSupported', {
    extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED', http: { status: 200 } },
  });
