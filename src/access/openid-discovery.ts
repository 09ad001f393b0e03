import { isJsonObject } from '../event/json.ts';

const timeoutMs = 5_000;
const maxBytes = 1_048_576;

/** What an issuer says of itself (OpenID Connect Discovery 1.0, section 3), as far as it is used here. */
export interface OpenIdConfiguration {
  readonly jwksUri: string;
  /** Null where nobody signs in through it. */
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
}

/** Asks an issuer for its discovery document. @throws Error with the reason, for the log */
export async function discover(issuer: string): Promise<OpenIdConfiguration> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { status, body } = await askIssuer(url);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  if (body?.issuer !== issuer || typeof body.jwks_uri !== 'string') {
    throw new Error(`${url} is not the discovery document of ${issuer}`);
  }
  return {
    jwksUri: body.jwks_uri,
    authorizationEndpoint: urlOf(body.authorization_endpoint),
    tokenEndpoint: urlOf(body.token_endpoint),
  };
}

/** Null for what is not a URL that a browser may be sent to. */
function urlOf(value: unknown): string | null {
  if (typeof value !== 'string' || !URL.canParse(value)) return null;
  return ['http:', 'https:'].includes(new URL(value).protocol) ? value : null;
}

export interface IssuerAnswer {
  readonly status: number;
  /** Null where it is not a JSON object. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** One request to an issuer, bounded in time and length; a form is posted. @throws Error where there is no answer */
export async function askIssuer(url: string, form?: URLSearchParams): Promise<IssuerAnswer> {
  const response = await fetch(url, {
    ...(form !== undefined && { method: 'POST', body: form }),
    headers: { Accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await textOf(response, url);
  return { status: response.status, body: objectIn(text) };
}

async function textOf({ body }: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`${url} answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
