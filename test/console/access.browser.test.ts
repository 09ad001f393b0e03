import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootGuarded, type GuardedGateway, tokensFor } from '../access/guarded-gateway.ts';
import { hasBrowser, openBrowser } from '../browser.ts';
import { expectAccessible, openConsole, rows } from './page.ts';

vi.setConfig({ testTimeout: 90_000 });

const policy = `roles:
  boss:
    grants: [{ actions: [ADMIN] }]
  reader:
    grants: [{ actions: [READ], namespaces: [shown], hide: [VALUE, MESSAGE, TRAITS] }]
${tokensFor('boss', 'reader')}`;

describe.runIf(hasBrowser)('the console of a gateway with a policy', () => {
  let gateway: GuardedGateway;
  let browser: Browser;
  beforeAll(async () => {
    gateway = await bootGuarded(policy);
    const event = (namespace: string) =>
      `{ type: "A.B", namespace: "${namespace}", key: "in-${namespace}", message: "hidden words", value: "hidden value" }`;
    const { errors } = await gateway.ask(
      'boss',
      `mutation { reportEvents(events: [${event('shown')}, ${event('secret')}]) { accepted } }`,
    );
    expect(errors).toBeUndefined();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.[Symbol.asyncDispose]();
  });

  test('signs in by a token, which scripts cannot read, and out', async () => {
    await using console = await openConsole(browser, gateway.booted);
    const { page, context } = console;
    const signIn = page.getByRole('button', { name: 'Sign in' });
    await signIn.waitFor();
    await expectAccessible(page);
    await page.getByLabel('Token').fill('wrong');
    await signIn.click();
    await page.getByText('The token is not valid here').waitFor();

    await page.getByLabel('Token').fill('boss');
    await signIn.click();
    await rows(page).getByText('in-secret').waitFor();
    await rows(page).getByText('hidden words').first().waitFor();
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ name: 'tidings_session', httpOnly: true, sameSite: 'Strict' });
    expect(await page.evaluate(() => document.cookie)).toBe('');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await context.cookies()).toEqual([]);
    const ended = page.getByText('Your session has ended: sign in again.');
    expect(await ended.count()).toBe(0);

    await page.getByLabel('Token').fill('boss');
    await signIn.click();
    await rows(page).first().waitFor();
    await context.clearCookies();
    await ended.waitFor();
  });

  test('shows a viewer only what they may see', async () => {
    await using console = await openConsole(browser, gateway.booted);
    const { page } = console;
    await page.getByLabel('Token').waitFor();
    // The browser notes that the first request was answered with 401.
    console.faults.length = 0;
    await page.getByLabel('Token').fill('reader');
    await page.keyboard.press('Enter');
    await rows(page).first().click();
    await page.getByRole('complementary').getByText('in-shown').waitFor();
    const content = await page.content();
    expect(content).not.toContain('in-secret');
    expect(content).not.toContain('hidden words');
    expect(content).not.toContain('hidden value');
    await page.getByText('1 event', { exact: true }).waitFor();
    await expectAccessible(page);

    const views = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
    const shown = (await views.allTextContents()).map((text) => text.trim());
    expect(shown).toEqual([
      'Events',
      'Live',
      'Timeline',
      'Aggregates',
      'Alarms',
      'About',
      'Playground',
    ]);
    for (const view of ['sinks', 'report']) {
      await page.goto(`${gateway.booted.origin}/?view=${view}`);
      await page.getByText('You may not see this.').waitFor();
    }
    await page.goto(`${gateway.booted.origin}/?view=aggregates&interval=none&group=key`);
    await page.getByRole('row').filter({ hasText: 'in-shown' }).waitFor();
    // A question that is rejected is not answered by an empty list.
    await page.goto(`${gateway.booted.origin}/?filter=trait.size>1`);
    await page.getByText('You may read events, but not their traits.').first().waitFor();
    expect(await page.getByText('No events match').count()).toBe(0);
    await page.goto(`${gateway.booted.origin}/?view=alarms&tab=rules`);
    await page.getByText('No alarm is firing.').waitFor();
    expect(await page.getByRole('button', { name: 'Rules' }).count()).toBe(0);
    for (const view of ['timeline', 'live', 'aggregates', 'about']) {
      await page.goto(`${gateway.booted.origin}/?view=${view}`);
      await page.locator('main').waitFor();
      await expectAccessible(page);
    }
    expect(console.faults).toEqual([]);
  });
});
