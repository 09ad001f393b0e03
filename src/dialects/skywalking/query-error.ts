/** A mistake in a query, told to the client as it is. Its message is a sentence. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}
