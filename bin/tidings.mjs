#!/usr/bin/env node
// `tidings` and `tidings serve` start the gateway; any other command is a client of one, and loads nothing of it.
import { argv, env } from 'node:process';

const [command, ...args] = argv.slice(2);
const starts = command === undefined || (command === 'serve' && args.length === 0);

/** Commands of the gateway's own machine, which need its database. */
const asksForHelp = args.includes('--help') || args.includes('-h');
const own = ['token', 'rebuild-rollups'].includes(command) && !asksForHelp;

if (starts || own) {
  const { serve } = await import('./serve.mjs');
  serve(own ? [command, ...args] : []);
} else {
  const { run } = await import('../dist/cli/main.js');
  process.exitCode = await run(argv.slice(2), env);
}
