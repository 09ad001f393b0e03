import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { Forbidden } from '../access/principal.ts';
import { InputError } from '../event/input-error.ts';
import { FeedError } from '../live/feed.ts';
import { CostLimit, RateLimited, retryAfter, Unavailable } from '../runtime/unavailable.ts';
import { ManagementError } from '../sinks/management-error.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import { shortMessage } from './short-text.ts';

/** Turns a thrown value into an error that a client may read. */
export type PublicError = (error: unknown) => GraphQLError;

/** Everything that is not a known kind of error is answered with an id and logged with it. */
export function createPublicError(log: Log): PublicError {
  return (error) => {
    const cause = causeOf(error);
    if (isForClients(cause) && error instanceof GraphQLError) return withCode(error);
    const { message, extensions } = explained(cause) ?? masked(cause, log);
    const { nodes = null, path = null } = error instanceof GraphQLError ? error : {};
    return new GraphQLError(message, { nodes, path, extensions });
  };
}

/** graphql-js gives its errors about the values of arguments no code. */
function withCode(error: GraphQLError): GraphQLError {
  if (error.extensions.code !== undefined) return error;
  const { message, nodes = null, path = null } = error;
  return new GraphQLError(shortMessage(message), {
    nodes,
    path,
    extensions: { code: 'BAD_USER_INPUT' },
  });
}

/** The first error of a chain in which each of GraphQL's errors wraps another. */
function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/** GraphQL's own errors about arguments name a node; its errors about our results name none. */
function isForClients(cause: unknown): boolean {
  return (
    cause instanceof GraphQLError &&
    (cause.nodes !== undefined || cause.extensions.code !== undefined)
  );
}

interface Explained {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

function explained(cause: unknown): Explained | null {
  if (cause instanceof InputError) {
    const extensions = { code: 'BAD_USER_INPUT', argument: cause.argument };
    return { message: `${cause.argument.join('.')}: ${cause.message}`, extensions };
  }
  if (cause instanceof Forbidden) {
    return { message: cause.message, extensions: { code: 'FORBIDDEN' } };
  }
  if (cause instanceof RateLimited) {
    const { message, retryAfterSeconds, status } = cause;
    const http = { status, headers: retryAfter(cause) };
    return {
      message,
      extensions: { code: 'RATE_LIMITED', retryAfter: retryAfterSeconds, http },
    };
  }
  if (cause instanceof CostLimit) {
    const http = { status: 400, spec: true };
    return { message: cause.message, extensions: { code: 'COST_LIMIT', ...cause.numbers, http } };
  }
  if (cause instanceof Unavailable) {
    return { message: cause.message, extensions: { code: 'UNAVAILABLE' } };
  }
  if (cause instanceof ManagementError) {
    return { message: cause.message, extensions: { code: cause.code } };
  }
  if (cause instanceof FeedError) {
    return { message: cause.message, extensions: { code: cause.code, ...cause.details } };
  }
  return null;
}

function masked(error: unknown, log: Log): Explained {
  const errorId = randomUUID();
  logUnexpectedError(log, { error, where: 'GraphQL operation', errorId });
  return { message: 'Internal error.', extensions: { code: 'INTERNAL_SERVER_ERROR', errorId } };
}
