// A step of the build: puts Prisma's client and adapters into one file. Its package brings a compiler for each database that
// it knows, 74 MB together, of which a gateway needs the one for PostgreSQL.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const store = fileURLToPath(new URL('../dist/store', import.meta.url));
await build({
  entryPoints: [`${store}/database/prisma.js`],
  outdir: `${store}/database`,
  allowOverwrite: true,
  bundle: true,
  // The compiler stays a file of its own: it is loaded with the first question, as it is by Prisma.
  splitting: true,
  chunkNames: 'prisma-[name]-[hash]',
  external: ['pg', '@electric-sql/pglite'],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Parts of Prisma are CommonJS and ask for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  legalComments: 'eof',
  logLevel: 'warning',
});
await rm(`${store}/database/prisma.js.map`);
await rm(`${store}/generated`, { recursive: true });
