import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, openBrowser } from '../browser.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { startReceiver, status } from '../sinks/receiver.ts';
import { expectAccessible, expectQuiet, openConsole, patience } from './page.ts';

vi.setConfig({ testTimeout: 120_000 });

describe.runIf(hasBrowser)('the sinks of the console', () => {
  let gateway: TestGateway;
  let browser: Browser;
  beforeAll(async () => {
    gateway = await bootGateway({
      environment: {
        TIDINGS_SECRET_KEY: 'a key for the tests only',
        TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
      },
    });
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

    receiver.answer = status(503, 'busy');
    await report('late');
    await row.getByText('Failing').waitFor();
    await page.getByRole('link', { name: 'Sinks 1 not delivering' }).waitFor();
    await expectAccessible(page);
    receiver.answer = status(200, 'ok');
    await row.getByText('Active').waitFor();

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

  test('are made, with a test before and a secret that is shown once, changed and deleted', async () => {
    await using receiver = await startReceiver();
    await using console = await openConsole(browser, gateway, '/?view=sinks');
    const { page } = console;
    await page.getByRole('button', { name: 'New sink' }).click();
    await page.getByLabel('Name', { exact: true }).fill('made here');
    await page.getByLabel('Events', { exact: true }).fill('type:Made.*');
    await page.getByLabel('URL', { exact: true }).fill(receiver.url);
    await page.getByLabel('Headers').fill('X-Key: k');
    await page.getByRole('combobox', { name: /^Format/ }).selectOption('TEMPLATE');
    await page.getByRole('textbox', { name: 'Template' }).fill('this is {type}');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Test with one event' }).click();
    await page.getByText('Test: delivered').waitFor();
    expect(receiver.received.at(-1)).toMatchObject({
      body: 'this is Sink.Test',
      headers: { 'x-key': 'k' },
    });

    await page.getByRole('button', { name: 'Create' }).click();
    const secret = await page.locator('.secret').textContent();
    expect(secret).toMatch(/^whsec_/);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Show the sink' }).click();
    const sink = page.getByRole('region', { name: 'Sink made here' });
    await sink.getByRole('button', { name: 'Edit' }).click();
    expect(await page.content()).not.toContain(secret);

    // Somebody else is faster.
    const [{ id, definition }] = (
      await gateway.gql('{ sinks { id name definition } }')
    ).sinks.filter(({ name }: { readonly name: string }) => name === 'made here');
    await page.getByLabel('Description').fill('mine');
    const { webhook } = definition.target;
    const { headers: _, ...kept } = webhook;
    const theirs = { ...definition, description: 'theirs', target: { webhook: kept } };
    const update =
      'mutation ($id: ID!, $input: SinkInput!) { updateSink(id: $id, input: $input) { id } }';
    await gateway.gql(update, { id, input: theirs });
    await page.getByText('Somebody has changed this sink since you opened it').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('changed meanwhile').waitFor();
    await page.getByRole('button', { name: 'Show theirs, without my changes' }).click();
    await expect.poll(() => page.getByLabel('Description').inputValue(), patience).toBe('theirs');

    await page.getByRole('textbox', { name: 'Template' }).fill('now {type}');
    await page.getByRole('button', { name: 'Save' }).click();
    await sink.waitFor();
    await gateway.gql(
      'mutation { reportEvent(event: { type: "Made.Changed" }, wait: STORED) { __typename } }',
    );
    await expect
      .poll(() => receiver.received.at(-1), patience)
      .toMatchObject({ body: 'now Made.Changed', headers: { 'x-key': 'k' } });

    page.on('dialog', (asked) => void asked.accept());
    await sink.getByRole('button', { name: 'New secret' }).click();
    await sink.locator('.secret').waitFor();
    expect(await sink.locator('.secret').textContent()).not.toBe(secret);
    await expectAccessible(page);
    await sink.getByRole('button', { name: 'Delete' }).click();
    await sink.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'made here' }).waitFor({ state: 'detached' });
    expectQuiet(console, gateway);
  });

  test.each([
    ['nats', { Subject: 'out.{type}' }, 'NATS'],
    ['kafka', { Topic: 'events' }, 'Kafka'],
    ['amqp', { Exchange: 'events', 'Routing key': 'all' }, 'SINK_AMQP_URL'],
  ])('say when the gateway does not have their target: %s', async (kind, fields, name) => {
    await using console = await openConsole(browser, gateway, '/?view=sinks&edit=new');
    const { page } = console;
    await page.getByLabel('Name', { exact: true }).fill('elsewhere');
    await page.getByRole('combobox', { name: /^Target/ }).selectOption(kind);
    for (const [label, value] of Object.entries(fields)) {
      await page.getByLabel(label, { exact: true }).fill(value);
    }
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('alert').getByText(name).waitFor();
    expectQuiet(console, gateway);
  });
});
