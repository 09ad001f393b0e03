import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../../access/access.ts';
import { credentialOf } from '../../access/credential.ts';
import { Forbidden, Unauthenticated } from '../../access/principal.ts';
import { replyJson } from '../../http/reply.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import { challengeOf, scopeChallengeOf } from './challenge.ts';

/** Whether the caller may read the metrics, which count events of all namespaces; where not, the request is answered. */
export async function mayMeasure(
  { access, publicUrls }: { readonly access: Access; readonly publicUrls: readonly string[] },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  try {
    const { scope } = await access.session(credentialOf(request.headers));
    if (scope.mayEverywhere('READ')) return true;
    const error = 'Metrics are for those who may READ all namespaces.';
    const challenge = scopeChallengeOf(new Forbidden('READ'));
    replyJson(response, 403, { error }, { 'WWW-Authenticate': challenge });
  } catch (error) {
    if (error instanceof Unauthenticated) {
      const challenge = { 'WWW-Authenticate': challengeOf(error, request, publicUrls) };
      replyJson(response, 401, { error: error.message }, challenge);
    } else if (error instanceof Unavailable) {
      replyJson(response, error.status, { error: error.message }, retryAfter(error));
    } else throw error;
  }
  return false;
}
