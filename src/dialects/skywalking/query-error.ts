/** A mistake in a query. The client gets the message, which is a sentence. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}
