import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../dialects/eventually.ts';
import { ask } from '../dialects/http-client.ts';
import { freePort } from '../free-port.ts';
import { byBearer } from './callers.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';
import { feeds, nomadStream, pages } from './ways-out.ts';

const policy = `
roles:
  reader: { grants: [{ actions: [READ] }] }
  blind: { grants: [{ actions: [READ], hide: [VALUE, RAW, TRAITS, MESSAGE] }] }
${tokensFor('reader', 'blind')}`;

let guarded: GuardedGateway;
let last = 0;
let statusPort = 0;
beforeAll(async () => {
  statusPort = await freePort();
  guarded = await bootGuarded(policy, { SKYWALKING_STATUS_PORT: String(statusPort) });
  await record();
});
afterAll(() => guarded[Symbol.asyncDispose]());

/** Records one event of each dialect whose messages have such fields, each with a tag and a key of its own, and an alarm. */
async function record(namespace = 'default'): Promise<string> {
  last += 1;
  const drafts = (['TIDINGS', 'SKYWALKING', 'NOMAD', 'VAMP', 'MAYASTOR'] as const).map(
    (dialect) => ({
      dialect,
      namespace,
      category: 'Volume',
      action: 'Create',
      key: `key-${last}-${dialect}`,
      tags: [`tag-${last}-${dialect}`],
      source: { service: `service-${dialect}`, layer: 'GENERAL' },
      message: 'secret message',
      value: { secret: 'value' },
      raw: { secret: 'raw', target: 'secret raw' },
      traits: [{ name: 'secret.trait', type: 'TEXT', value: 'secret trait' } as const],
    }),
  );
  const [ofTidings] = drafts;
  const alarm = {
    ...ofTidings,
    category: 'Alarm',
    action: 'slow_rule',
    dialect: 'TIDINGS',
  } as const;
  const results = await guarded.booted.gateway.context.intake.report([...drafts, alarm], 'STORED');
  expect(results.map(({ status }) => status)).not.toContain('REJECTED');
  return `key-${last}`;
}

const at = () => ({ origin: guarded.booted.origin, webSocketUrl: guarded.booted.webSocketUrl });

test('the ways to read show hidden fields to those who may see them', async () => {
  const shown = await Promise.all(
    Object.values(pages).map(async (read) => (await read(at(), 'reader')).text),
  );
  for (const hidden of ['secret message', 'secret raw', 'secret.trait']) {
    expect(shown.join()).toContain(hidden);
  }
});

test.each(Object.entries(pages))('%s shows nothing that is hidden', async (_way, read) => {
  const { text } = await read(at(), 'blind');
  expect(text).not.toMatch(/secret/);
});

test.each(Object.entries(feeds))(
  'the feed %s shows nothing that is hidden',
  async (way, { open }) => {
    await using feed = await open(at(), 'blind');
    // These select what is hidden.
    if (way.startsWith('GraphQL')) {
      await eventually(() => expect(feed.denial).toBe('FORBIDDEN'));
      return;
    }
    await record();
    // Vamp's events have tags, others a key.
    const own = new RegExp(`(?:key|tag)-${last}-MAYASTOR`);
    await eventually(() => expect(feed.text).toMatch(own));
    expect(feed.text).not.toMatch(/secret/);
  },
);

test.each([
  ['default', 'default'],
  ['web', 'web'],
  ['*', 'web'],
])("Nomad's stream of namespace %s shows nothing that is hidden", async (asked, namespace) => {
  await using feed = await nomadStream(at(), 'blind', 'Volume', asked);
  expect(feed.denial).toBeNull();
  await record(namespace);
  await eventually(() => expect(feed.text).toContain(`key-${last}-MAYASTOR`));
  expect(feed.text).not.toMatch(/secret/);
});

test('a topic without a key, which a trait marks, has nothing for whoever may not read traits', async () => {
  await using feed = await nomadStream(at(), 'blind', 'Volume:', 'default');
  expect(feed.denial).toBeNull();
});

test("SkyWalking's status pages show the latest alarm, so that they are for those who see all of it", async () => {
  const page = (secret: string) =>
    ask(`http://127.0.0.1:${statusPort}/status/alarm/rules`, { headers: byBearer(secret) });
  expect((await page('reader')).status).toBe(200);
  expect((await page('blind')).status).toBe(403);
});
