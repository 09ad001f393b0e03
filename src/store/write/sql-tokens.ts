import { v7 } from 'uuid';
import type { Json } from '../../event/event.ts';
import type { Database } from '../database/database.ts';
import type { Token } from '../generated/client.ts';
import type { NewToken, StoredToken, StreamTicket, TokenStore } from '../tokens.ts';

/** Tokens that are listed at most, the newest first. */
const maxListed = 10_000;

/** The tokens in the database. */
export class SqlTokens implements TokenStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create({ name, roles, createdBy, expiresAtMs }: NewToken, digest: string) {
    const expiresAt = dateOf(expiresAtMs);
    const data = { id: v7(), digest, name, roles: [...roles], createdBy, expiresAt };
    return await this.#database.ask(async ({ token }) => {
      await token.createMany({ data, skipDuplicates: true });
      return storedOf(await token.findUniqueOrThrow({ where: { digest } }));
    });
  }

  async find(digest: string): Promise<StoredToken | null> {
    const found = await this.#database.ask(({ token }) => token.findUnique({ where: { digest } }));
    return found === null ? null : storedOf(found);
  }

  async list(): Promise<readonly StoredToken[]> {
    const all = await this.#database.list('tokens', ({ token }) =>
      token.findMany({ orderBy: { id: 'desc' }, take: maxListed }),
    );
    return all.map(storedOf);
  }

  async revoke(id: string): Promise<StoredToken | null> {
    const revoked = await this.#database.ask(async ({ token }) => {
      await token.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date() } });
      return await token.findUnique({ where: { id } });
    });
    return revoked === null ? null : storedOf(revoked);
  }

  async revokedAmong(ids: readonly string[]): Promise<readonly string[]> {
    const found = await this.#database.ask(({ token }) =>
      token.findMany({
        where: { id: { in: [...ids] }, revokedAt: { not: null } },
        select: { id: true },
      }),
    );
    return found.map(({ id }) => id);
  }

  async used(ids: readonly string[], atMs: number): Promise<void> {
    await this.#database.ask(({ token }) =>
      token.updateMany({ where: { id: { in: [...ids] } }, data: { lastUsedAt: new Date(atMs) } }),
    );
  }

  async createTicket({ principal, expiresAtMs }: StreamTicket, digest: string): Promise<void> {
    const expiresAt = new Date(expiresAtMs);
    await this.#database.ask(async ({ streamTicket }) => {
      await streamTicket.deleteMany({ where: { expiresAt: { lt: new Date() } } });
      await streamTicket.create({ data: { digest, principal: principal as object, expiresAt } });
    });
  }

  async useTicket(digest: string): Promise<StreamTicket | null> {
    // One statement, so that of two who show a ticket at once only one is let in.
    const [row] = await this.#database.write(
      `DELETE FROM stream_tickets WHERE digest = $1
       RETURNING principal, (extract(epoch FROM expires_at) * 1000)::bigint`,
      [digest],
    );
    if (row === undefined) return null;
    const expiresAtMs = Number(row[1]);
    return expiresAtMs <= Date.now()
      ? null
      : { principal: JSON.parse(row[0] ?? 'null') as Json, expiresAtMs };
  }
}

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

const storedOf = (token: Token): StoredToken => ({
  id: token.id,
  name: token.name,
  roles: token.roles,
  createdAtMs: token.createdAt.getTime(),
  createdBy: token.createdBy,
  expiresAtMs: token.expiresAt?.getTime() ?? null,
  lastUsedAtMs: token.lastUsedAt?.getTime() ?? null,
  revokedAtMs: token.revokedAt?.getTime() ?? null,
});
