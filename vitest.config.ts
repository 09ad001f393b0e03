import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { hasNatsServer } from './test/nats-server-binary.ts';
import { patienceMs } from './test/patience.ts';

/** Storms, soaks and loads: their own command, `npm run test:long`. */
const long = 'test/**/*.long.test.ts';

/** Those on NATS are left out as a whole where there is no server. */
const onNats = 'test/**/*.nats*.test.ts';

const missing = (await hasNatsServer()) ? [] : [onNats];

export default defineConfig({
  resolve: {
    // Tests would otherwise load graphql's ESM build beside the CJS build that pothos and yoga load.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    // Most tests wait for sockets and servers, so that two share a core well.
    maxWorkers: availableParallelism() + 1,
    // Files share what a worker has loaded, which takes longer than most of them: none may change what modules keep.
    isolate: false,
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    // Nothing waits this long but a test that fails: see test/patience.ts.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: patienceMs, interval: 50 } },
    projects: [
      {
        extends: true,
        test: { name: 'all', include: ['test/**/*.test.ts'], exclude: [long, ...missing] },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: [long],
          exclude: missing,
          testTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
