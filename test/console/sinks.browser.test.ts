import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, openBrowser } from '../browser.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { startReceiver, status } from '../sinks/receiver.ts';
import { expectAccessible, expectQuiet, openConsole } from './page.ts';

vi.setConfig({ testTimeout: 120_000 });

describe.runIf(hasBrowser)('the sinks of the console', () => {
  let gateway: TestGateway;
  let browser: Browser;
  beforeAll(async () => {
    gateway = await bootGateway({ environment: { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' } });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.[Symbol.asyncDispose]();
  });

  test('show what is delivered and what failed, and are tested, paused, retried and replayed', async () => {
    await using receiver = await startReceiver();
    await gateway.gql(
      `mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }`,
      { input: { name: 'hook', target: { webhook: { url: receiver.url, signed: false } } } },
    );
    const report = (key: string) =>
      gateway.gql(
        `mutation ($key: String) {
        reportEvent(event: { type: "A.B", key: $key }, wait: STORED) { __typename }
      }`,
        { key },
      );

    await using console = await openConsole(browser, gateway, '/?view=sinks');
    const { page } = console;
    await page.getByRole('button', { name: 'hook' }).click();
    const sink = page.getByRole('region', { name: 'Sink hook' });
    await report('good');
    const row = page.getByRole('row').filter({ hasText: 'hook' });
    await row.getByRole('cell', { name: '1', exact: true }).waitFor();
    await sink.getByText('delivered · status 200').first().waitFor();

    await sink.getByRole('button', { name: 'Test' }).click();
    await sink.getByText('Test: delivered').waitFor();
    await expectAccessible(page);

    receiver.answer = status(422, 'bad event');
    await report('bad');
    const failed = page.getByRole('region', { name: 'Failed deliveries' });
    await failed.getByRole('cell', { name: 'bad', exact: true }).waitFor();
    await expectAccessible(page);
    receiver.answer = status(200, 'ok');
    await failed.getByRole('button', { name: 'Retry', exact: true }).click();
    await failed.waitFor({ state: 'detached' });

    await sink.getByRole('button', { name: 'Pause' }).click();
    await row.getByText('Paused').waitFor();
    await sink.getByRole('button', { name: 'Resume' }).click();
    await row.getByText('Active').waitFor();

    await sink.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('region', { name: 'Replays' }).getByText('done: index').waitFor();
    await expectAccessible(page);
    expectQuiet(console, gateway);
    expect(receiver.received.length).toBeGreaterThan(4);
  });
});
