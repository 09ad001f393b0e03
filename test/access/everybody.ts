import { Access, type Session } from '../../src/access/access.ts';
import { anonymous } from '../../src/access/authenticator.ts';
import type { DialectContext, HttpDialect } from '../../src/dialects/dialect.ts';
import { DialectGate } from '../../src/server/http/dialect-gate.ts';
import type { TokenStore } from '../../src/store/tokens.ts';
import { createLog } from '../../src/telemetry/log.ts';

/** Access without a policy: everybody may do everything, and no token is looked up. */
export const everybody = new Access({
  policy: null,
  tokens: {} as TokenStore,
  log: createLog('silent'),
});

export const everybodysSession: Session = everybody.sessionOf(anonymous);

/** Dialects behind a gate that everybody passes. */
export const openGate = (dialects: readonly HttpDialect[], context: DialectContext): DialectGate =>
  new DialectGate({ dialects, access: everybody, contextOf: () => context });
