import './production.ts';
import { ConfigError, readConfig } from '../config/config.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { runRollupsCommand } from './rollups-command.ts';
import { runTokenCommand } from './token-command.ts';

/** A gateway that has not stopped in order by then is ended: what was accepted is stored all the same. */
const maxStopMs = 9_500;

/** What runs in place of a gateway, on its database. */
const commands = new Map([
  ['token', runTokenCommand],
  ['rebuild-rollups', runRollupsCommand],
]);

/** Runs the gateway that the environment describes until a signal stops it, or the launcher ends. */
export async function run(): Promise<void> {
  const [command, ...args] = process.argv.slice(2);
  const named = commands.get(command ?? '');
  if (named !== undefined) return await runCommand(named, args);
  const stopRequested = new Promise<void>((resolve) => {
    // Not once: a signal that comes twice, from the terminal and from the launcher, would end the process.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
    process.once('disconnect', resolve);
    process.channel?.unref();
  });
  const starting = start();
  // From the beginning, as they end a process that does not listen to them.
  process.on('SIGHUP', () => void starting.then((gateway) => gateway?.reload()));
  process.on('SIGUSR2', () => void starting.then((gateway) => gateway?.toggleDebug()));
  const gateway = await starting;
  if (gateway === null) return;
  await stopRequested;
  setTimeout(() => process.exit(), maxStopMs).unref();
  await gateway[Symbol.asyncDispose]();
}

async function runCommand(command: typeof runTokenCommand, args: readonly string[]): Promise<void> {
  try {
    await command(args, readConfig(), (text) => process.stdout.write(text));
  } catch (error) {
    fail(error);
  }
}

async function start(): Promise<Gateway | null> {
  try {
    return await createGateway(readConfig());
  } catch (error) {
    fail(error);
    return null;
  }
}

function fail(error: unknown): void {
  const faults = error instanceof ConfigError ? error.faults : [(error as Error).message];
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exitCode = 1;
}
