import type { Json } from '../event/event.ts';

/** A token that was made by the API, without its secret. */
export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly createdAtMs: number;
  readonly createdBy: string | null;
  readonly expiresAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
}

export interface NewToken {
  readonly name: string;
  readonly roles: readonly string[];
  readonly expiresAtMs: number | null;
  readonly createdBy: string | null;
}

/** The tokens that were made by the API. Every method rejects with Unavailable when the database is down. */
export interface TokenStore {
  /** A token whose digest is there already is left as it is. */
  create(token: NewToken, digest: string): Promise<StoredToken>;
  /** Null where no token has this digest. */
  find(digest: string): Promise<StoredToken | null>;
  list(): Promise<readonly StoredToken[]>;
  /** Null where there is no such token; a token that is revoked already stays as it is. */
  revoke(id: string): Promise<StoredToken | null>;
  /** Those of the tokens that are revoked. */
  revokedAmong(ids: readonly string[]): Promise<readonly string[]>;
  /** Remembers that tokens were used; may be late and is never exact to the second. */
  used(ids: readonly string[], atMs: number): Promise<void>;
  /** Keeps what opens one stream until it is used or has expired. */
  createTicket(ticket: StreamTicket, digest: string): Promise<void>;
  /** The ticket, which is gone then; null where there is none, or it has expired. */
  useTicket(digest: string): Promise<StreamTicket | null>;
}

export interface StreamTicket {
  /** Who the stream is for, as whoever made the ticket has it. */
  readonly principal: Json;
  readonly expiresAtMs: number;
}
