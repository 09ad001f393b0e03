import { createRequire } from 'node:module';

type Program = typeof import('./gateway/program.ts');

// require() reads one file after another. import() opens hundreds at a time, more than some systems let a process open.
const { run } = import.meta.url.endsWith('.ts')
  ? await import('./gateway/program.ts')
  : (createRequire(import.meta.url)('./gateway/program.js') as Program);
await run();
