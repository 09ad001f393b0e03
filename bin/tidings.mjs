#!/usr/bin/env node
// `tidings` and `tidings serve` start the gateway; any other command is a client of one, and loads nothing of it.
import { argv, env } from 'node:process';

const [command, ...args] = argv.slice(2);
const starts = command === undefined || (command === 'serve' && args.length === 0);

if (starts || (command === 'token' && !args.includes('--help'))) {
  const { serve } = await import('./serve.mjs');
  serve(command === 'token' ? ['token', ...args] : []);
} else {
  const { run } = await import('../dist/cli/main.js');
  process.exitCode = await run(argv.slice(2), env);
}
