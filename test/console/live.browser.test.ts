import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, openBrowser } from '../browser.ts';
import { type GatewayProcess, startGatewayProcess } from '../faults/gateway-process.ts';
import { patienceMs } from '../patience.ts';
import { expectAccessible, expectQuiet, openConsole, rows } from './page.ts';

vi.setConfig({ testTimeout: 120_000 });

describe.runIf(hasBrowser)('the live tail of the console', () => {
  let gateway: GatewayProcess;
  let origin: string;
  let browser: Browser;
  beforeAll(async () => {
    gateway = await startGatewayProcess();
    origin = new URL(gateway.url).origin;
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.[Symbol.asyncDispose]();
  });

  /** Events whose key counts. */
  async function report(from: number, to: number): Promise<void> {
    const events = Array.from({ length: to - from }, (_, at) => ({
      type: 'A.B',
      key: `n${from + at}`,
    }));
    const query =
      'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }';
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { events } }),
    });
    expect(await response.json()).toEqual({ data: { reportEvents: { accepted: to - from } } });
  }

  /** A page says that it is live once it is connected; its subscription may begin a moment later. */
  const untilFollowed = (page: Page) =>
    vi.waitFor(
      async () => {
        await report(-1, 0);
        expect(await rows(page).getByText('n-1').count()).toBeGreaterThan(0);
      },
      { timeout: patienceMs, interval: 200 },
    );

  test('shows what is recorded, pauses and continues by the space bar', async () => {
    await using console = await openConsole(browser, { origin }, '/?view=live&filter=type:A.B');
    const { page } = console;
    await page.getByText('Live', { exact: true }).nth(1).waitFor();
    await untilFollowed(page);
    await report(0, 1);
    await rows(page).getByText('n0').waitFor();
    await page.keyboard.press(' ');
    await page.getByText('paused: 0 events waiting').waitFor();
    await report(1, 8);
    await page.getByText('paused: 7 events waiting').waitFor();
    await expectAccessible(page);
    expect(await rows(page).getByText('n7').count()).toBe(0);
    await page.keyboard.press(' ');
    await rows(page).getByText('n7').waitFor();
    await rows(page).getByText('n1', { exact: true }).waitFor();
    await rows(page).first().click();
    await page.getByRole('complementary', { name: 'Event' }).getByText('n7').waitFor();
    expectQuiet(console, { origin });
  });

  test('misses nothing and repeats nothing over a gateway that is killed, and says so', async () => {
    await using console = await openConsole(browser, { origin }, '/?view=live&filter=type:A.B');
    const { page } = console;
    await page.getByText('Live', { exact: true }).nth(1).waitFor();
    await untilFollowed(page);
    await report(100, 103);
    await rows(page).getByText('n102').waitFor();
    await gateway.kill();
    await page.getByText('The connection broke').waitFor();
    await gateway.start();
    await report(103, 120);
    await rows(page).getByText('n119').waitFor();
    await page.getByText('nothing is missing').waitFor();
    const keys = await rows(page).locator('.cell-key').allTextContents();
    expect(keys.filter((key) => key !== 'n-1')).toEqual(
      Array.from({ length: 20 }, (_, at) => `n${119 - at}`),
    );
    await expectAccessible(page);
  });
});
