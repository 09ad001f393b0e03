import type { IncomingHttpHeaders } from 'node:http';
import { ask, OpenStream } from '../dialects/http-client.ts';

/** How a caller shows who they are to one kind of client; null shows nothing. */
export type HeadersOf = (secret: string | null) => Readonly<Record<string, string>>;

const header =
  (name: string, prefix = ''): HeadersOf =>
  (secret) =>
    secret === null ? {} : { [name]: `${prefix}${secret}` };

export const byBearer = header('authorization', 'Bearer ');
export const byNomad = header('x-nomad-token');
export const bySkyWalking = header('authentication');
export const byVamp = header('authorization', 'token ');
/** Tokens of the tests have their role's name as their own and as their secret. */
export const byBasic: HeadersOf = (secret) =>
  secret === null
    ? {}
    : { authorization: `Basic ${Buffer.from(`${secret}:${secret}`).toString('base64')}` };

/** What became of a call. */
export type Denial = 'UNAUTHENTICATED' | 'FORBIDDEN';

/** The denial that a status says; null where it says none. */
export function denialOf(status: number): Denial | null {
  if (status === 401) return 'UNAUTHENTICATED';
  return status === 403 ? 'FORBIDDEN' : null;
}

/** The denial in a result of GraphQL. */
export function denialIn(body: string): Denial | null {
  if (/"code":"UNAUTHENTICATED"/.test(body)) return 'UNAUTHENTICATED';
  return /"code":"FORBIDDEN"|You may not report|This needs the right/.test(body)
    ? 'FORBIDDEN'
    : null;
}

export interface Answered {
  readonly denial: Denial | null;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

export async function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Answered> {
  const given = body === undefined ? { headers } : { headers, body };
  const { status, body: text, headers: answered } = await ask(url, given);
  return { denial: denialOf(status) ?? denialIn(text), text, headers: answered };
}

export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  type = 'application/json',
): Promise<Answered> {
  const reply = await ask(url, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': type, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { status, headers: answered } = reply;
  return { denial: denialOf(status) ?? denialIn(reply.body), text: reply.body, headers: answered };
}

/** A feed that is being read, whatever its protocol. */
export interface OpenFeedOf extends AsyncDisposable {
  readonly denial: Denial | null;
  /** Everything that has arrived. */
  readonly text: string;
}

export async function stream(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<OpenFeedOf> {
  const open = await OpenStream.open(url, { headers });
  return {
    denial: denialOf(open.status),
    get text() {
      return open.text;
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}
