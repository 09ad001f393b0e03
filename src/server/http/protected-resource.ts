import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../../access/access.ts';
import { replyJson } from '../../http/reply.ts';
import { publicOrigin } from './challenge.ts';

/** Claims of JSON Web Tokens whose entries a client asks its issuer for. */
const scopeClaims: ReadonlySet<string> = new Set(['scope', 'scp']);

/** Answers where clients get credentials for this gateway (RFC 9728). */
export function answerProtectedResource(
  request: IncomingMessage,
  response: ServerResponse,
  { access, publicUrls }: { readonly access: Access; readonly publicUrls: readonly string[] },
): void {
  if (!access.isOn) {
    replyJson(response, 404, { error: 'This gateway asks for no credentials.' });
    return;
  }
  const { issuers } = access.policy;
  const scopes = issuers.flatMap(({ rolesClaim, roles }) =>
    scopeClaims.has(rolesClaim) ? Object.keys(roles ?? {}) : [],
  );
  replyJson(response, 200, {
    resource: publicOrigin(request, publicUrls),
    authorization_servers: issuers.map(({ issuer }) => issuer),
    scopes_supported: [...new Set(scopes)],
    bearer_methods_supported: ['header'],
  });
}
