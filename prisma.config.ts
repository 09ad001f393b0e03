import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Only `prisma migrate` connects; the gateway itself takes its database from src/config/config.ts.
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
