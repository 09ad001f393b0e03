import type { IncomingHttpHeaders } from 'node:http';

/** The proof by which a caller says who they are. */
export type Credential =
  | { readonly kind: 'NONE' }
  /** A token of ours or a JSON Web Token. */
  | { readonly kind: 'TOKEN'; readonly secret: string }
  /** A principal's name and the secret of a token of that name. */
  | { readonly kind: 'NAME_AND_TOKEN'; readonly name: string; readonly secret: string };

const noCredential: Credential = { kind: 'NONE' };

/**
 * Names of the console's cookie. Another host of the same domain can set one of any name but those that begin with
 * __Host-, which browsers take over https alone.
 */
export const sessionCookies = { https: '__Host-tidings_session', http: 'tidings_session' } as const;

/**
 * The credential of an HTTP request or of a WebSocket upgrade, in this order: `Authorization` as Bearer, as `token`
 * (Vamp), as Basic (Ceilometer's publishers) or bare (Vamp), `X-Nomad-Token`, SkyWalking's `Authentication`, the
 * console's cookie, which a page of another origin cannot use. A header that is there and empty counts as absent.
 */
export function credentialOf(headers: IncomingHttpHeaders): Credential {
  const { authorization } = headers;
  if (authorization !== undefined && authorization.trim() !== '') {
    return ofAuthorization(authorization.trim());
  }
  const secret =
    single(headers['x-nomad-token']) ??
    single(headers.authentication) ??
    (isOwnOrigin(headers) ? sessionIn(headers.cookie) : null);
  return secret === null ? noCredential : { kind: 'TOKEN', secret };
}

/** Browsers leave Origin out of a GET that a page of another site caused, and say so in Sec-Fetch-Site. */
function isOwnOrigin({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === host;
  return site === undefined || site === 'same-origin' || site === 'none';
}

/** The credential in the value of an Authorization header. */
function ofAuthorization(text: string): Credential {
  const [, scheme = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
  const secret = rest.trim();
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'token':
      return { kind: 'TOKEN', secret };
    case 'basic':
      return ofBasic(secret);
    default:
      return { kind: 'TOKEN', secret: text };
  }
}

function ofBasic(encoded: string): Credential {
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon === -1
    ? { kind: 'TOKEN', secret: text }
    : { kind: 'NAME_AND_TOKEN', name: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** The credential in the payload of a WebSocket's connection_init or ping; NONE where it holds none. */
export function credentialOfPayload(
  payload: Readonly<Record<string, unknown>> | undefined,
): Credential {
  const { authorization, Authorization, headers, token, authToken } = payload ?? {};
  const inHeaders =
    typeof headers === 'object' && headers !== null
      ? (headers as Readonly<Record<string, unknown>>)
      : {};
  const written = [authorization, Authorization, inHeaders.Authorization, inHeaders.authorization];
  const given = [...written, token, authToken].filter((value) => value != null && value !== '');
  if (given.length === 0) return noCredential;
  // Another value than a string is a bad credential, and not none.
  if (!given.every(isText)) return { kind: 'TOKEN', secret: '' };
  const text = written.find(isText);
  const [secret = ''] = given;
  return text === undefined
    ? { kind: 'TOKEN', secret: secret.trim() }
    : ofAuthorization(text.trim());
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '';

function single(value: string | readonly string[] | undefined): string | null {
  const text = (typeof value === 'string' ? value : (value?.[0] ?? '')).trim();
  return text === '' ? null : text;
}

const sessionIn = (header: string | undefined): string | null =>
  cookieIn(header, sessionCookies.https) ?? cookieIn(header, sessionCookies.http);

/**
 * The value of a cookie; null where there is none. Of several that differ, another host of the same domain has set one, and which
 * is not known: the bad credential '', and not whichever comes first.
 */
export function cookieIn(header: string | undefined, name: string): string | null {
  if (header === undefined) return null;
  const values = new Set<string>();
  for (const part of header.split(';')) {
    const [key, ...rest] = part.split('=');
    const value = single(rest.join('='));
    if (key?.trim() === name && value !== null) values.add(value);
  }
  const [value = null] = values;
  return values.size > 1 ? '' : value;
}
