import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, openBrowser } from '../browser.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { expectAccessible, expectQuiet, openConsole, patience, rows } from './page.ts';

// A browser is slow where other tests keep the machine busy.
vi.setConfig({ testTimeout: 90_000 });

const minute = 60_000;
const report = `mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }`;

describe.runIf(hasBrowser)('the events of the console', () => {
  let gateway: TestGateway;
  let browser: Browser;
  beforeAll(async () => {
    gateway = await bootGateway();
    const now = Date.now();
    const events = Array.from({ length: 250 }, (_, at) => ({
      type: at % 5 === 0 ? 'Node.Down' : 'Volume.Create',
      severity: at % 5 === 0 ? 'ERROR' : 'NORMAL',
      key: `key-${at}`,
      message: `message ${at}`,
      tags: [at % 2 === 0 ? 'pool:gold' : 'pool:silver'],
      traits: [{ name: 'size_gib', value: { int: at } }],
      value: { big: at },
      source: { service: 'csi', instance: `csi-${at % 3}` },
      time: new Date(now - 1_000 - at * 10_000).toISOString(),
    }));
    await gateway.gql(report, { events });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.[Symbol.asyncDispose]();
  });

  test('are listed newest first, as far as somebody scrolls', async () => {
    await using console = await openConsole(browser, gateway);
    const { page } = console;
    await rows(page).first().getByText('message 0', { exact: true }).waitFor();
    const grid = page.getByRole('grid', { name: 'Events' });
    expect(await grid.getAttribute('aria-rowcount')).toBe('101');
    await expect
      .poll(async () => {
        await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight));
        return await rows(page).last().textContent();
      }, patience)
      .toContain('message 249');
    expect(await grid.getAttribute('aria-rowcount')).toBe('251');
    // Only those in the window exist.
    expect(await rows(page).count()).toBeLessThan(80);
    await expectAccessible(page);
    expectQuiet(console, gateway);
  });

  test('appear by themselves when they are reported', async () => {
    await using own = await bootGateway();
    await using console = await openConsole(browser, own);
    const { page } = console;
    await page.getByText('No events in this time.').waitFor();
    await expectAccessible(page);
    await own.gql(report, { events: [{ type: 'A.B', message: 'just now' }] });
    await rows(page).getByText('just now').waitFor();
    await page.getByText('1 event', { exact: true }).waitFor();
    expectQuiet(console, own);
  });

  test('are narrowed by typing, and the address says what is shown', async () => {
    await using console = await openConsole(browser, gateway);
    const { page } = console;
    await rows(page).first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('sev');
    await page.getByRole('option', { name: 'severity:' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: 'error' }).waitFor();
    await page.keyboard.type('error ');
    await page.keyboard.press('Enter');
    await page.getByText('50 events, newest first').waitFor();
    expect(new URL(page.url()).searchParams.get('filter')).toBe('severity:error');
    await page.getByText('50 errors').waitFor();

    await page.getByRole('combobox', { name: 'Filter' }).fill('tag:');
    await page.getByRole('option', { name: 'pool:gold' }).click();
    await page.keyboard.press('Enter');
    await page.getByText('100 events so far').waitFor();
    await page.goBack();
    await page.getByText('50 events, newest first').waitFor();
    expect(await page.getByRole('combobox', { name: 'Filter' }).inputValue()).toBe(
      'severity:error',
    );
    await page.goForward();
    await page.getByText('100 events so far').waitFor();

    await page.getByRole('combobox', { name: 'Filter' }).fill('severity:purple');
    await page.locator('#filter-fault').getByText('purple').waitFor();
    await expectAccessible(page);
    expectQuiet(console, gateway);
  });

  test('are narrowed by the option that is chosen, whatever else is found meanwhile', async () => {
    await using console = await openConsole(browser, gateway);
    const { page } = console;
    await rows(page).first().waitFor();
    let release: (() => void) | undefined;
    await page.route('**/graphql', async (route) => {
      const isOfTags = route.request().postData()?.includes('query Tags') === true;
      if (isOfTags && release === undefined) await new Promise<void>((done) => (release = done));
      await route.continue().catch(() => {});
    });
    const input = page.getByRole('combobox', { name: 'Filter' });
    await input.fill('tag:p');
    await expect.poll(() => release !== undefined, patience).toBe(true);
    // Typing goes on before the gateway has answered: its answer is about another word.
    await input.fill('tag:pool:s');
    release?.();
    await page.getByRole('option', { name: 'pool:silver' }).waitFor();
    const options = page.getByRole('listbox', { name: 'Completions' }).getByRole('option');
    expect(await options.allTextContents()).toEqual(['pool:silver']);
    // A longer word has its options at once.
    await page.keyboard.type('il');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await input.inputValue()).toBe('tag:pool:silver ');
    await page.keyboard.press('Enter');
    await rows(page).first().getByText('message 1', { exact: true }).waitFor();
    expectQuiet(console, gateway);
  });

  test('are read as a whole, narrowed by clicking, and copied', async () => {
    await using console = await openConsole(browser, gateway, '/?filter=key:key-7');
    const { page, context } = console;
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await rows(page).first().click();
    const details = page.getByRole('complementary', { name: 'Event' });
    await details.getByText('size_gib').waitFor();
    await details.getByText('"big": 7').waitFor();
    await expectAccessible(page);

    await details.getByRole('button', { name: 'Copy as JSON' }).click();
    await expect
      .poll(async () => JSON.parse(await copied()), patience)
      .toMatchObject({
        key: 'key-7',
        value: { big: 7 },
      });
    await details.getByRole('button', { name: 'Copy as GraphQL' }).click();
    await expect.poll(copied, patience).toContain('query Event');
    const { event } = await gateway.gql(await copied());
    expect(event.message).toBe('message 7');
    await details.getByRole('button', { name: 'Copy as curl' }).click();
    await expect.poll(copied, patience).toContain(`curl -s ${gateway.origin}/graphql`);

    await details.getByRole('button', { name: 'No events with Volume.Create' }).click();
    await page.getByText('No events match in this time.').waitFor();
    expect(new URL(page.url()).searchParams.get('filter')).toBe('key:key-7 -type:Volume.Create');
    expectQuiet(console, gateway);
  });

  test('are read as a whole, however long they are and however large their numbers', async () => {
    await using own = await bootGateway();
    const query = `mutation { reportEvent(event: {
      type: "A.B", message: "${'long '.repeat(20_000)}", value: { digits: 9007199254740993 }
      traits: [{ name: "large", value: { float: 1e17 } }]
    }) { __typename } }`;
    await own.gql(query);
    await using console = await openConsole(browser, own);
    const { page } = console;
    await rows(page).first().click();
    const details = page.getByRole('complementary', { name: 'Event' });
    await details.getByText('100000000000000000').waitFor();
    await details.getByText('"digits": 9007199254740993').waitFor();
    await expectAccessible(page);
    // The facts begin below the message, in the window.
    const facts = await details.getByText('Severity', { exact: true }).boundingBox();
    expect(facts?.y).toBeLessThan(page.viewportSize()?.height ?? 0);
    await details.getByRole('button', { name: 'Only events with 100000000000000000' }).click();
    await page.getByText('1 event, newest first').waitFor();
    expectQuiet(console, own);
  });

  test('are reached by the keyboard alone', async () => {
    await using console = await openConsole(browser, gateway);
    const { page } = console;
    await rows(page).first().waitFor();
    for (const key of ['j', 'j', 'j', 'k', 'Enter']) await page.keyboard.press(key);
    const details = page.getByRole('complementary', { name: 'Event' });
    await details.getByText('message 1', { exact: true }).waitFor();
    await page.keyboard.press('j');
    await details.getByText('message 2', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    expectQuiet(console, gateway);
  });

  test('are narrowed by values of the list, with the mouse and by keyboard', async () => {
    await using console = await openConsole(browser, gateway);
    const { page } = console;
    const filter = () => new URL(page.url()).searchParams.get('filter');
    await rows(page).first().waitFor();
    await rows(page).first().getByText('pool:gold').hover();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'No events with pool:gold' }).click();
    await expect.poll(filter, patience).toBe('-tag:pool:gold');
    await rows(page).first().getByText('message 1', { exact: true }).waitFor();
    // Nothing was opened.
    expect(new URL(page.url()).searchParams.get('event')).toBeNull();
    await rows(page).first().locator('.severity').hover();
    await page.getByRole('button', { name: 'Only events with NORMAL' }).click();
    await expect.poll(filter, patience).toBe('-tag:pool:gold severity:normal');
    await page.mouse.move(5, 5);

    // The columns are severity, type, key, service, instance and tags.
    for (const key of ['j', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight']) {
      await page.keyboard.press(key);
    }
    await page.getByText('csi: plus for only these events').waitFor();
    await expectAccessible(page);
    await page.keyboard.press('+');
    await expect.poll(filter, patience).toBe('-tag:pool:gold severity:normal service:csi');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('-');
    await expect
      .poll(filter, patience)
      .toBe('-tag:pool:gold severity:normal service:csi -instance:csi-1');
    await page.goBack();
    await expect.poll(filter, patience).toBe('-tag:pool:gold severity:normal service:csi');
    expectQuiet(console, gateway);
  });

  test('of a part of the histogram are chosen by dragging over it', async () => {
    await using console = await openConsole(browser, gateway);
    const { page } = console;
    await page.getByText('250 events').waitFor();
    const box = await page.locator('.u-over').boundingBox();
    if (box === null) return expect.fail('There is no histogram.');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.75, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, y, { steps: 5 });
    await page.mouse.up();
    // Over a bar it says what is in it.
    await page.mouse.move(5, 5);
    const { searchParams } = new URL(page.url());
    const [from, to] = ['from', 'to'].map((name) => Date.parse(searchParams.get(name) ?? ''));
    // A sixth of the hour, within the width of a bar.
    expect((to ?? 0) - (from ?? 0)).toBeGreaterThan(7 * minute);
    expect((to ?? 0) - (from ?? 0)).toBeLessThan(11 * minute);
    await expect
      .poll(() => page.locator('.histogram-caption strong').textContent(), patience)
      .toMatch(/^[45]\d events$/);
    await page.goBack();
    await page.getByText('250 events').waitFor();
    expectQuiet(console, gateway);
  });

  test('are shown in dark colours and on small screens', async () => {
    await using console = await openConsole(browser, gateway, '/', {
      colorScheme: 'dark',
      viewport: { width: 390, height: 780 },
    });
    const { page } = console;
    await rows(page).first().click();
    await page.getByRole('button', { name: 'Close the event' }).waitFor();
    await expectAccessible(page);
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(widths[0]).toBeLessThanOrEqual(widths[1] ?? 0);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await page.getByRole('button', { name: 'Colours: as the system has it' }).click();
    expect(await background()).not.toBe(dark);
    await page.reload();
    await page.getByRole('button', { name: 'Colours: light' }).waitFor();
    await expectAccessible(page);
    expectQuiet(console, gateway);
  });
});
