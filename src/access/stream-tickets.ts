import type { Json } from '../event/event.ts';
import type { TokenStore } from '../store/tokens.ts';
import { type Principal, Unauthenticated } from './principal.ts';
import { digestOf, newSecret } from './token.ts';

const validMs = 30_000;

export interface NewTicket {
  readonly ticket: string;
  readonly expiresAtMs: number;
}

/** Tickets for one stream of events each: a browser's EventSource sends no headers, and a URL is no place for a token. */
export class StreamTickets {
  readonly #tokens: TokenStore;

  constructor(tokens: TokenStore) {
    this.#tokens = tokens;
  }

  async create(principal: Principal): Promise<NewTicket> {
    const ticket = newSecret();
    const expiresAtMs = Date.now() + validMs;
    const kept = { ...principal, roles: [...principal.roles] } satisfies Json;
    await this.#tokens.createTicket({ principal: kept, expiresAtMs }, digestOf(ticket));
    return { ticket, expiresAtMs };
  }

  /** @throws Unauthenticated where it was used, has expired or never was */
  async use(ticket: string): Promise<Principal> {
    const used = await this.#tokens.useTicket(digestOf(ticket));
    if (used === null) throw new Unauthenticated('no ticket of a stream is valid by this name');
    const principal = used.principal as unknown as Principal;
    if (principal.expiresAtMs !== null && principal.expiresAtMs <= Date.now()) {
      throw new Unauthenticated('the credential of the ticket has expired');
    }
    return principal;
  }
}
