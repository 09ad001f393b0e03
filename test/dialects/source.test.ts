import { expect, test, vi } from 'vitest';
import { type SourceRun, Supervision } from '../../src/dialects/source.ts';
import type { Log } from '../../src/telemetry/log.ts';

const patience = { timeout: 30_000, interval: 2 };

function recorder() {
  const lines: [string, string][] = [];
  const fields: object[] = [];
  const say = (level: string) => (given: object, sentence: string) => {
    lines.push([level, sentence]);
    fields.push(given);
  };
  const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  return { lines, fields, log: log as unknown as Log };
}

const untilAborted = ({ signal }: SourceRun): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

test('a source that is lost is tried again, and logged once when it is lost and once when it is found', async () => {
  const { lines, log } = recorder();
  let attempts = 0;
  let found = false;
  const supervision = new Supervision({
    subject: "The cluster's stream",
    address: 'http://127.0.0.1:4646',
    shortestPauseMs: 1,
    longestPauseMs: 4,
    log,
    async follow(run) {
      attempts += 1;
      if (!found) throw new Error('nobody answers');
      run.following();
      await untilAborted(run);
    },
  });
  expect(supervision.healthReason()).toBe("The cluster's stream has not answered yet.");
  await vi.waitFor(() => expect(attempts).toBeGreaterThan(5), patience);
  expect(supervision.healthReason()).toBe(
    "The cluster's stream cannot be followed at http://127.0.0.1:4646.",
  );
  found = true;
  await vi.waitFor(() => expect(supervision.healthReason()).toBeNull(), patience);
  await supervision[Symbol.asyncDispose]();
  expect(lines).toEqual([
    ['warn', "The cluster's stream cannot be followed; trying again."],
    ['info', "The cluster's stream is followed again."],
  ]);
});

test('a new reason is logged, and no reason is answered', async () => {
  const { lines, log, fields } = recorder();
  let reason = 'connect ECONNREFUSED';
  await using supervision = new Supervision({
    subject: 'RabbitMQ',
    address: 'rabbit.example:5672',
    shortestPauseMs: 1,
    longestPauseMs: 4,
    log,
    async follow() {
      throw new Error(reason);
    },
  });
  await vi.waitFor(() => expect(lines).toHaveLength(1), patience);
  reason = 'ACCESS_REFUSED - Login failed';
  await vi.waitFor(() => expect(lines).toHaveLength(2), patience);
  expect(fields.map((each) => (each as { reason: string }).reason)).toEqual([
    'connect ECONNREFUSED',
    'ACCESS_REFUSED - Login failed',
  ]);
  expect(supervision.healthReason()).toBe('RabbitMQ cannot be followed at rabbit.example:5672.');
});

test('a source that waits for the journal says so', async () => {
  const { log } = recorder();
  await using supervision = new Supervision({
    subject: "The cluster's stream",
    address: 'http://127.0.0.1:4646',
    shortestPauseMs: 1,
    longestPauseMs: 4,
    log,
    async follow(run) {
      run.following();
      run.waiting('NATS cannot be reached.');
      await untilAborted(run);
    },
  });
  await vi.waitFor(
    () => expect(supervision.healthReason()).toBe('NATS cannot be reached.'),
    patience,
  );
});
