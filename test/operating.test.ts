import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createLog } from '../src/telemetry/log.ts';
import { freePort } from './free-port.ts';
import { bootGateway } from './harness.ts';

const page = await readFile(new URL('../docs/operating.md', import.meta.url), 'utf8');

/** Each once, in alphabetical order. */
const matches = (text: string, pattern: RegExp): string[] =>
  [...new Set(Array.from(text.matchAll(pattern), ([, name = '']) => name))].sort();

test('the page for operators lists every metric of a gateway that has every source on', async () => {
  // Nothing answers there: a source has its metrics before it is reached.
  const nowhere = `127.0.0.1:${await freePort()}`;
  await using gateway = await bootGateway({
    environment: {
      NATS_URL: `nats://${nowhere}`,
      MAYASTOR_STREAM: 'events-stream',
      NOMAD_ADDR: `http://${nowhere}`,
      SKYWALKING_GRPC_PORT: String(await freePort()),
      KAFKA_BROKERS: nowhere,
      AMQP_URL: `amqp://${nowhere}`,
    },
    overrides: { log: createLog('silent') },
    untilReady: false,
  });
  const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
  const printed = matches(metrics, /^# TYPE (tidings_\w+)/gm);
  expect(printed.length).toBeGreaterThan(15);
  const [table = ''] = page.split('Alert on these').slice(0, 1);
  expect(matches(table, /`(tidings_\w+)`/g)).toEqual(printed);
  // Every metric in a condition exists.
  const used = matches(page, /(tidings_\w+?)(?:_bucket)?\b(?=\[| [=>])/g);
  expect(printed).toEqual(expect.arrayContaining(used));
});
