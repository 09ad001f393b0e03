// All of Prisma that runs in a gateway: loaded on first use. The build makes one file of it (prisma/bundle.mjs), so that
// Prisma's packages need not be installed with the gateway.
import type { PGlite } from '@electric-sql/pglite';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { PrismaClient } from '../generated/client.ts';

/** @param schema null for the default one */
export const prismaOverPostgres = (pool: Pool, schema: string | null): PrismaClient =>
  new PrismaClient({ adapter: new PrismaPg(pool, schema === null ? {} : { schema }) });

export const prismaOverPglite = (database: PGlite): PrismaClient =>
  new PrismaClient({ adapter: new PrismaPGlite(database) });
