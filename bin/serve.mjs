// Starts the gateway in a process of its own: the settings of the engine are read when a process begins.
import { spawn } from 'node:child_process';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';

/** A larger young generation: what a request makes is mostly gone before it would be moved. */
const settings = ['--max-semi-space-size=64', '--enable-source-maps'];
/** Memory of which the start has no more need goes back to the system: glibc keeps up to 64 MiB of it by itself. */
const memory = { MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** @param {readonly string[]} args what the process is given */
export function serve(args) {
  // By the channel the gateway notices the end of this process, and stops.
  const gateway = spawn(process.execPath, [...settings, main, ...args], {
    env: { ...memory, ...env },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    process.on(signal, () => gateway.kill(signal));
  }
  gateway.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
