import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MayastorSource } from '../../../src/dialects/mayastor/source.ts';
import { createIntake } from '../../../src/intake/accept.ts';
import { StoreFiller } from '../../../src/store/write/filler.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { pgliteHarness, type StoreHarness } from '../../store/harness.ts';
import { report } from '../report.ts';
import { openNatsJournal, silent, within } from './harness.ts';

/** Exactly the permissions that docs/operating.md lists for a gateway. */
const configuration = `authorization {
  users = [{
    user: gateway, password: secret
    permissions: {
      publish: ["tidings.>", "$JS.API.>", "$JS.ACK.>"]
      subscribe: ["_INBOX.>", "tidings.stored"]
    }
  }]
}`;

let folder: string;
let server: NatsServer;
let harness: StoreHarness;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-permissions-'));
  const file = join(folder, 'nats.conf');
  await writeFile(file, configuration);
  [server, harness] = await Promise.all([startNatsServer(['-c', file]), pgliteHarness()]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await harness[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test('the permissions that the operating guide names are enough', async () => {
  const { store } = harness;
  const warnings: string[] = [];
  const warn = (_: object, sentence: string) => warnings.push(sentence);
  const log = { ...silent, warn } as unknown as Log;
  const url = server.url.replace('//', '//gateway:secret@');
  const journal = openNatsJournal(url, 'TIDINGS', store, log);
  const { stream, link, tail } = journal;
  const keep = { maxAgeMs: 0, maxBytes: 0 };
  const options = { leaseMs: 900, keep };
  const filler = new StoreFiller(stream, link, tail, store, log, options);
  const intake = createIntake({ journal, store });
  const mayastor = new MayastorSource(
    { stream: 'events-stream', replicas: 1, maxBatch: 100 },
    link,
    intake,
    log,
  );
  try {
    for (const part of [journal, filler, mayastor]) {
      await vi.waitFor(() => expect(part.healthReason()).toBeNull(), within);
    }
    const [appended] = await journal.append([report()]);
    expect(await store.untilStored(appended?.index as number, within.timeout)).toBe(true);
    await vi.waitFor(async () => expect((await stream.state()).firstSequence).toBe(2), within);
    expect(warnings).toEqual([]);
  } finally {
    await mayastor[Symbol.asyncDispose]();
    await filler[Symbol.asyncDispose]();
    await journal[Symbol.asyncDispose]();
  }
});
