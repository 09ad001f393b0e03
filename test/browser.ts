import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const folders = [...(env.PATH ?? '').split(delimiter), '/usr/bin'];
const executable = folders
  .flatMap((folder) => names.map((name) => join(folder, name)))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Only this machine resolves: every other name is unknown. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Whether there is a browser for the tests. Where there is none the suite says so in a line; in CI that is an error. */
export const hasBrowser: boolean = (() => {
  if (executable !== undefined) return true;
  if (env.CI) throw new Error('The tests in a browser need chromium: apt-get install chromium.');
  process.stderr.write('Skipped: the tests in a browser (no chromium on PATH).\n');
  return false;
})();

/** A browser without windows, of the test's own. */
export async function openBrowser(): Promise<Browser> {
  if (executable === undefined) throw new Error('There is no chromium on PATH.');
  return await chromium.launch({ executablePath: executable, args: flags });
}
