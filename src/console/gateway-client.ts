/** An answer of the gateway that is not what was asked for. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  /** The gateway's extensions.code; UNREACHABLE where there is no answer. */
  readonly code: string;

  constructor(
    message: string,
    { code, cause }: { readonly code: string; readonly cause?: unknown },
  ) {
    super(message, { cause });
    this.code = code;
  }
}

export type Variables = Readonly<Record<string, unknown>>;

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string };
  }[];
}

let signedOut: () => void = () => {};

/** Calls back when the gateway asks for a credential, or rejects the one it was shown. */
export function onUnauthenticated(listener: () => void): void {
  signedOut = listener;
}

/**
 * Runs one operation over HTTP.
 * @param read the JSON of the answer
 * @throws GatewayError; the signal's reason when it is aborted
 */
export async function ask<Data>(
  query: string,
  variables: Variables = {},
  signal: AbortSignal | null = null,
  read: (text: string) => unknown = JSON.parse,
): Promise<Data> {
  const response = await send(query, variables, signal);
  const { data, errors } = parse<Answer<Data>>(await textOf(response, signal), read);
  const [error] = errors ?? [];
  if (error !== undefined) {
    const code = error.extensions?.code ?? 'UNKNOWN';
    if (code === 'UNAUTHENTICATED') signedOut();
    throw new GatewayError(error.message, { code });
  }
  if (data == null)
    throw new GatewayError('The gateway answered without data.', { code: 'UNKNOWN' });
  return data;
}

async function send(
  query: string,
  variables: Variables,
  signal: AbortSignal | null,
): Promise<Response> {
  try {
    return await fetch('/graphql', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw unreachable(cause);
  }
}

async function textOf(response: Response, signal: AbortSignal | null): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw unreachable(cause);
  }
}

const unreachable = (cause: unknown): GatewayError =>
  new GatewayError('The gateway does not answer.', { code: 'UNREACHABLE', cause });

function parse<Parsed>(text: string, read: (text: string) => unknown): Parsed {
  try {
    return read(text) as Parsed;
  } catch (cause) {
    throw new GatewayError('The answer is not JSON: is there a proxy?', { code: 'UNKNOWN', cause });
  }
}
