#!/usr/bin/env node
import './gateway/production.ts';
import { once } from 'node:events';
import { ConfigError, readConfig } from './config/config.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';

/** A gateway that has not stopped in order by then is ended: what was accepted is safe anyhow. */
const longestStop = 9_500;

async function start(): Promise<Gateway | null> {
  try {
    return await createGateway(readConfig());
  } catch (error) {
    const faults = error instanceof ConfigError ? error.faults : [(error as Error).message];
    for (const fault of faults) process.stderr.write(`${fault}\n`);
    process.exitCode = 1;
    return null;
  }
}

const told = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
const starting = start();
// From the beginning, as it ends a process that does not listen to it.
process.on('SIGHUP', () => void starting.then((gateway) => gateway?.reload()));
const gateway = await starting;
if (gateway !== null) {
  await told;
  setTimeout(() => process.exit(), longestStop).unref();
  await gateway[Symbol.asyncDispose]();
}
