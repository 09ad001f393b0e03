import type { Call } from './call.ts';
import { usageError } from './exit-code.ts';
import type { Connection } from './gateway.ts';
import { readContexts, type SavedContext } from './saved-contexts.ts';

const defaultUrl = 'http://127.0.0.1:4000';

/**
 * The gateway to ask: options win over the environment, and the environment over the current context. A context's token
 * is sent to the context's URL alone.
 * @throws CommandError
 */
export async function connectionOf(call: Call): Promise<Connection> {
  const { TIDINGS_URL, TIDINGS_TOKEN } = call.environment;
  const named = call.text('context');
  const context = await contextOf(call, named);
  const given = call.text('url') ?? (named === undefined ? TIDINGS_URL || undefined : undefined);
  const url = baseOf(given ?? context?.url ?? defaultUrl);
  const saved = context !== null && baseOf(context.url) === url ? context.token : undefined;
  const byEnvironment = TIDINGS_TOKEN || undefined;
  const token =
    call.text('token') ??
    (named === undefined ? (byEnvironment ?? saved) : (saved ?? byEnvironment));
  return { url, token: token ?? null };
}

async function contextOf(call: Call, named: string | undefined): Promise<SavedContext | null> {
  const { contexts, current } = await readContexts(call.environment);
  const wanted = named ?? (call.environment.TIDINGS_CONTEXT || undefined);
  const name = wanted ?? current;
  if (name === undefined) return null;
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context !== undefined) return context;
  const known = Object.keys(contexts).join(', ') || 'none';
  throw usageError(`There is no context ${name}: tidings contexts list shows ${known}.`);
}

/** A gateway's URL without /graphql and the slash at its end. @throws CommandError */
export function baseOf(text: string): string {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  let url: URL;
  try {
    url = new URL(full);
  } catch (cause) {
    throw usageError(`"${text}" is not a URL: write http://host:4000.`, cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw usageError(`"${text}" is not a URL of a gateway: it begins with http:// or https://.`);
  }
  return `${url.origin}${url.pathname.replace(/\/(?:graphql\/?)?$/, '')}`;
}
