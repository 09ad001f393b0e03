// `prisma generate` looks for a schema engine that generating a client never runs, and would download it.
// Naming any existing program in its place keeps the step offline: docs/decisions/0004-prisma-without-its-engine.md.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const prisma = fileURLToPath(import.meta.resolve('prisma/build/index.js'));
const { status, stderr } = spawnSync(process.execPath, [prisma, 'generate', '--no-hints'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    // biome-ignore lint/style/noProcessEnv: a step of the build, which has no configuration of its own.
    ...process.env,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  },
  stdio: ['ignore', 'ignore', 'pipe'],
});
if (status !== 0) process.stderr.write(stderr);
process.exitCode = status ?? 1;
