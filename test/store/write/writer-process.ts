// A process of its own that writes to a data directory and prints each index once it is acknowledged; it ends when killed.
import { EmbeddedJournal } from '../../../src/journal/embedded.ts';
import { openStore } from '../../../src/store/open.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { report } from '../../journal/report.ts';

const [, , dataDirectory = ''] = process.argv;
const store = await openStore({
  databaseUrl: null,
  dataDirectory,
  exclusive: true,
  log: createLog('silent'),
});
const journal = await EmbeddedJournal.open(store);

async function reportOn(): Promise<never> {
  for (;;) {
    const reports = Array.from({ length: 1 + Math.floor(Math.random() * 40) }, () => report());
    const appended = await journal.append(reports);
    process.stdout.write(appended.map(({ index }, n) => `${index} ${reports[n]?.id}\n`).join(''));
  }
}
await Promise.all(Array.from({ length: 4 }, reportOn));
