import { InputError, quoted } from '../event/input-error.ts';
import { parseText } from '../event/text.ts';
import type { StoredToken } from '../store/tokens.ts';
import { type Access, requireRight, type Session } from './access.ts';
import { Forbidden } from './principal.ts';
import { digestOf, newSecret } from './token.ts';

const maxNameLength = 256;
const maxRoles = 100;

export interface TokenRequest {
  readonly name: string;
  readonly roles: readonly string[];
  /** Milliseconds since 1970; null where it does not expire. */
  readonly expiresAtMs: number | null;
}

/** @throws Forbidden without the right, and for roles that its maker does not have; InputError */
export async function createToken(
  access: Access,
  by: Session,
  request: TokenRequest,
): Promise<{ token: StoredToken; secret: string }> {
  requireRight(by, 'MANAGE_TOKENS');
  check(request);
  if (access.isOn) checkRoles(access, by, request.roles);
  const secret = newSecret();
  const { name, expiresAtMs } = request;
  const roles = [...new Set(request.roles)];
  const createdBy = by.principal.name;
  const token = await access.tokens.create(
    { name, roles, expiresAtMs, createdBy },
    digestOf(secret),
  );
  return { token, secret };
}

/** The tokens that somebody may list and revoke: whose roles they have themselves. @throws Forbidden */
export async function managedTokens(access: Access, by: Session): Promise<readonly StoredToken[]> {
  requireRight(by, 'MANAGE_TOKENS');
  const tokens = await access.tokens.list();
  if (by.scope.mayEverywhere('ADMIN')) return tokens;
  const own = new Set(by.principal.roles);
  return tokens.filter(({ roles }) => roles.every((role) => own.has(role)));
}

/** @throws Forbidden; InputError where there is no such token, or none that the caller may manage */
export async function revokeToken(access: Access, by: Session, id: string): Promise<StoredToken> {
  const managed = await managedTokens(access, by);
  const isManaged = by.scope.mayEverywhere('ADMIN') || managed.some((token) => token.id === id);
  const revoked = isManaged ? await access.revoke(id) : null;
  if (revoked !== null) return revoked;
  throw new InputError(['id'], 'There is no token with this id that you may manage.');
}

function check({ name, roles, expiresAtMs }: TokenRequest): void {
  const { length } = parseText(name, ['input', 'name']);
  if (length === 0 || length > maxNameLength) {
    throw new InputError(['input', 'name'], `A name has 1 to ${maxNameLength} characters.`);
  }
  if (roles.length === 0 || roles.length > maxRoles) {
    throw new InputError(['input', 'roles'], `A token has 1 to ${maxRoles} roles.`);
  }
  for (const [position, role] of roles.entries()) {
    parseText(role, ['input', 'roles', String(position)]);
  }
  if (expiresAtMs !== null && expiresAtMs <= Date.now()) {
    throw new InputError(['input', 'expiresAt'], 'It lies in the past.');
  }
}

/** Nobody gives what they do not have: only who may do everything chooses freely. */
function checkRoles({ policy }: Access, { principal, scope }: Session, roles: readonly string[]) {
  for (const [position, role] of roles.entries()) {
    if (!policy.roles.has(role)) {
      throw new InputError(
        ['input', 'roles', String(position)],
        `There is no role ${quoted(role)} in TIDINGS_AUTH_FILE.`,
      );
    }
    if (scope.mayEverywhere('ADMIN') || principal.roles.includes(role)) continue;
    throw new Forbidden('ADMIN', `You do not have the role ${quoted(role)} yourself.`);
  }
}
