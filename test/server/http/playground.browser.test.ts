import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, openBrowser } from '../../browser.ts';
import { bootGateway, type TestGateway } from '../../harness.ts';
import { patienceMs } from '../../patience.ts';

// A browser is slow where other tests keep the machine busy.
vi.setConfig({ testTimeout: 90_000 });
const patience = { timeout: patienceMs, interval: 50 };

describe.runIf(hasBrowser)('a browser', () => {
  let gateway: TestGateway;
  let browser: Browser;
  beforeAll(async () => {
    gateway = await bootGateway();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.[Symbol.asyncDispose]();
  });

  test('runs every operation in the editor of the playground, and asks nobody else', async () => {
    await using context = await browser.newContext();
    const noted = note(context);
    const page = await openPlayground(context);
    expect(await operationsIn(page)).toEqual(['Report', 'Find', 'Aggregate', 'Follow']);

    await run(page, 'Report');
    await expect.poll(() => shown(page), patience).toContain('"status": "STORED"');
    await run(page, 'Find');
    await expect.poll(() => shown(page), patience).toContain('"totalCount": 1');
    await run(page, 'Aggregate');
    await expect.poll(() => shown(page), patience).toContain('"average": 20');

    expect(noted.faults).toEqual([]);
    expect(noted.requests.length).toBeGreaterThan(3);
    expect(noted.requests.filter((url) => originOf(url) !== gateway.origin)).toEqual([]);
  });

  test('shows live in one window what another reports', async () => {
    await using context = await browser.newContext();
    const { faults } = note(context);
    const follower = await openPlayground(context);
    await run(follower, 'Follow');
    await expect.poll(subscriptions, patience).toBe(1);

    const reporter = await openPlayground(context);
    await run(reporter, 'Report');
    await expect.poll(() => shown(reporter), patience).toContain('"status": "STORED"');
    const [index] = /"index": \d+/.exec(await shown(reporter)) ?? ['none'];
    await expect.poll(() => shown(follower), patience).toContain(index);
    expect(await shown(follower)).toContain('"type": "Volume.Create"');

    await playButton(follower).click();
    await expect.poll(subscriptions, patience).toBe(0);
    expect(faults).toEqual([]);
  });

  test('finds its way from the front page', async () => {
    await using context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${gateway.origin}/?view=about`);
    await page.getByRole('link', { name: '/metrics' }).waitFor();
    const links = await page.locator('dt a').allTextContents();
    const paths = ['/graphql', '/healthz', '/readyz', '/metrics'];
    expect(links).toEqual(['/', ...paths, 'Licences']);
    for (const path of paths) {
      const [response] = await Promise.all([
        page.waitForResponse(`${gateway.origin}${path}`),
        page.getByRole('link', { name: path, exact: true }).click(),
      ]);
      expect(response.status(), path).toBe(200);
      await page.goBack();
    }
    await page.getByRole('link', { name: 'Playground' }).click();
    await page.locator('.graphiql-editors').getByText('reportEvent').waitFor();
  });

  async function openPlayground(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(gateway.url);
    await page.locator('.graphiql-editors').getByText('reportEvent').waitFor();
    return page;
  }

  const subscriptions = () => gateway.metric('tidings_live_subscriptions');
});

interface Noted {
  /** What every page and worker asked for, but for what it had in itself. */
  readonly requests: string[];
  /** Exceptions, and errors on the console. */
  readonly faults: string[];
}

function note(context: BrowserContext): Noted {
  const noted: Noted = { requests: [], faults: [] };
  context.on('request', (request) => {
    if (!request.url().startsWith('data:')) noted.requests.push(request.url());
  });
  context.on('weberror', (fault) => noted.faults.push(String(fault.error())));
  context.on('console', (message) => {
    if (message.type() === 'error') noted.faults.push(message.text());
  });
  return noted;
}

/** The origin of a blob is that of the page that made it. */
const originOf = (url: string): string => new URL(url).origin;

const playButton = (page: Page) => page.locator('.graphiql-execute-button');

/** What the menu of the play button offers. */
async function operationsIn(page: Page): Promise<readonly string[]> {
  await playButton(page).click();
  await page.getByRole('menuitem').first().waitFor();
  const names = await page.getByRole('menuitem').allTextContents();
  await page.keyboard.press('Escape');
  return names;
}

async function run(page: Page, operation: string): Promise<void> {
  await playButton(page).click();
  await page.getByRole('menuitem', { name: operation }).click();
}

/** What the right-hand side shows; its editor draws spaces that do not break. */
const shown = async (page: Page): Promise<string> =>
  ((await page.locator('.graphiql-response').textContent()) ?? '').replaceAll('\u00a0', ' ');
