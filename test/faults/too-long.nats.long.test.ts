import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startNatsServer } from '../nats-server.ts';
import { startDatabase } from '../postgres.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { request, type Storm, survive } from './storm.ts';

const maxPayload = 64 * 1024;
const mutation = `mutation ($events: [EventInput!]!) {
  reportEvents(events: $events, wait: ACCEPTED) {
    results { __typename ... on ReportedEvent { id } ... on RejectedEvent { errors { code } } }
  }
}`;

test('events larger than max_payload of nats-server are rejected in a storm, and those around them recorded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-max-payload-'));
  const file = join(folder, 'nats.conf');
  await writeFile(file, `max_payload: ${maxPayload}\n`);
  await using nats = await startNatsServer(['-c', file]);
  await using database = await startDatabase();
  await using gateway = await startGatewayProcess({
    NATS_URL: nats.url,
    DATABASE_URL: database.url,
  });
  await survive([gateway.url], async (storm) => {
    for (let round = 0; round < 5; round++) {
      await reportAround(gateway.url, storm, maxPayload * 2);
      await storm.more(100);
    }
  });
  await rm(folder, { recursive: true, force: true });
});

/** Three events of which the one in the middle is too long for the journal. */
async function reportAround(url: string, storm: Storm, bytes: number): Promise<void> {
  const [before, long, after] = [randomUUID(), randomUUID(), randomUUID()];
  const events = [
    { id: before, type: 'Storm.Before' },
    { id: long, type: 'Storm.Long', value: 'x'.repeat(bytes) },
    { id: after, type: 'Storm.After' },
  ];
  const { reportEvents } = await vi.waitFor(
    () => request<{ reportEvents: { results: unknown[] } }>(url, mutation, { events }),
    { timeout: 30_000, interval: 200 },
  );
  expect(reportEvents.results).toEqual([
    { __typename: 'ReportedEvent', id: before },
    { __typename: 'RejectedEvent', errors: [{ code: 'TOO_LONG' }] },
    { __typename: 'ReportedEvent', id: after },
  ]);
  storm.acknowledged.add(before);
  storm.acknowledged.add(after);
}
