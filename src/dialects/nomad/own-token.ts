import type { IncomingHttpHeaders } from 'node:http';
import { credentialOf } from '../../access/credential.ts';
import type { Principal } from '../../access/principal.ts';
import type { Scope } from '../../access/scope.ts';
import { NomadError } from './nomad-error.ts';

/** An ACL token as Nomad's clients read it. */
interface AclToken {
  readonly AccessorID: string;
  readonly SecretID: string;
  readonly Name: string;
  readonly Type: 'client' | 'management';
  readonly Policies: readonly string[];
  readonly Roles: null;
  readonly Global: boolean;
  readonly CreateTime: string;
  readonly ExpirationTime: string | null;
  readonly ExpirationTTL: string;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** Go's time without a value. */
const unknownTime = '0001-01-01T00:00:00Z';

/**
 * The caller as a token of Nomad: its policies are their roles. The secret is the one that the caller showed.
 * @throws NomadError where everybody may do everything: clients then ask for no token
 */
export function ownToken(
  headers: IncomingHttpHeaders,
  { kind, name, roles, tokenId, expiresAtMs }: Principal,
  { unrestricted, mayEverywhere }: Scope,
): AclToken {
  const isAnonymous = kind === 'ANONYMOUS';
  if (isAnonymous && unrestricted) throw new NomadError(400, 'ACL support disabled');
  return {
    AccessorID: tokenId ?? name,
    SecretID: shownSecret(headers),
    Name: isAnonymous ? 'Anonymous Token' : name,
    Type: mayEverywhere('ADMIN') ? 'management' : 'client',
    Policies: roles,
    Roles: null,
    Global: true,
    CreateTime: unknownTime,
    ExpirationTime: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    ExpirationTTL: '',
    CreateIndex: 0,
    ModifyIndex: 0,
  };
}

/** Not that of a cookie, which pages cannot read. */
function shownSecret({ cookie: _, ...headers }: IncomingHttpHeaders): string {
  const credential = credentialOf(headers);
  return credential.kind === 'NONE' ? '' : credential.secret;
}
