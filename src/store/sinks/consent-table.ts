import type { Database } from '../database/database.ts';

/** The consent of a target with one URL. */
export interface ConsentRow {
  /** Ends the address of the callback. */
  readonly token: string;
  readonly granted: boolean;
  /** Requests a minute that were allowed; null for any number. */
  readonly rate: number | null;
}

/** The consents of the targets of sinks. Every method rejects with Unavailable when the database is down. */
export class ConsentTable {
  readonly #database: Pick<Database, 'ask'>;

  constructor(database: Pick<Database, 'ask'>) {
    this.#database = database;
  }

  /** The consent of this URL; one that is not granted, with the new token, where it was never asked. */
  async asked(sinkId: string, url: string, newToken: string): Promise<ConsentRow> {
    const anew = { url, token: newToken, grantedAt: null, rate: null };
    const row = await this.#database.ask(async ({ sinkConsent }) => {
      await sinkConsent.createMany({ data: [{ sinkId, ...anew }], skipDuplicates: true });
      // What another URL has consented to says nothing of this one.
      await sinkConsent.updateMany({ where: { sinkId, NOT: { url } }, data: anew });
      return await sinkConsent.findUnique({ where: { sinkId } });
    });
    if (row === null) return { token: newToken, granted: false, rate: null };
    return { token: row.token, granted: row.grantedAt !== null, rate: row.rate };
  }

  /** False where nobody was asked with the token. */
  async grant(token: string, rate: number | null): Promise<boolean> {
    const { count } = await this.#database.ask(({ sinkConsent }) =>
      sinkConsent.updateMany({ where: { token }, data: { grantedAt: new Date(), rate } }),
    );
    return count === 1;
  }
}
