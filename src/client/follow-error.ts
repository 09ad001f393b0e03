/** Codes of errors that a later attempt may not get. */
const passing: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'SLOW_CONSUMER',
  'TOO_MANY',
  'RATE_LIMITED',
]);

/** The reason why a feed broke or ended. */
export class FollowError extends Error {
  override readonly name = 'FollowError';
  /** The gateway's extensions.code; CONNECTION where the connection failed, ON_EVENT or ON_PROGRESS where onEvent or onProgress did. */
  readonly code: string;
  /** True where another attempt would get the same error. */
  readonly final: boolean;
  /** With INDEX_EXPIRED: the oldest index from which a feed can resume. */
  readonly firstIndex: number | null;

  constructor(
    message: string,
    details: {
      readonly code: string;
      readonly final: boolean;
      readonly firstIndex?: number | null;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
    this.code = details.code;
    this.final = details.final;
    this.firstIndex = details.firstIndex ?? null;
  }
}

/** Close codes after which another attempt would end the same way. */
const finalCloses: ReadonlySet<number> = new Set([4004, 4005, 4400, 4401, 4406, 4409]);
/** The credential was rejected, has expired or was revoked. */
const credentialClose = 4403;

/**
 * @param cause GraphQL errors, a close event, or an error of the network
 * @param renewsCredential whether another attempt may have another credential
 */
export function followErrorOf(cause: unknown, renewsCredential: boolean): FollowError {
  if (cause instanceof FollowError) return cause;
  if (Array.isArray(cause)) return graphqlError(cause[0]);
  const { code, reason, message } = cause as { code?: unknown; reason?: string; message?: string };
  return new FollowError(message || reason || `The connection closed (${String(code)}).`, {
    code: 'CONNECTION',
    final:
      typeof code === 'number' &&
      (finalCloses.has(code) || (code === credentialClose && !renewsCredential)),
    cause,
  });
}

function graphqlError(error: unknown): FollowError {
  const { message, extensions } = error as {
    message: string;
    extensions?: { code?: string; firstIndex?: number; lastIndex?: number };
  };
  const code = extensions?.code ?? 'UNKNOWN';
  // A feed that has begun ends so when rights change; one that may not begin has no lastIndex.
  const isChangeOfRights = code === 'FORBIDDEN' && extensions?.lastIndex !== undefined;
  return new FollowError(message, {
    code,
    final: !passing.has(code) && !isChangeOfRights,
    firstIndex: extensions?.firstIndex ?? null,
    cause: error,
  });
}
