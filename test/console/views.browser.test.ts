import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, openBrowser } from '../browser.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { expectAccessible, expectQuiet, openConsole, patience } from './page.ts';

vi.setConfig({ testTimeout: 120_000 });

const report = 'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }';

/** Every third is a deployment, of which all but the latest have ended. */
function eventOf(at: number, now: number) {
  const isEven = at % 2 === 0;
  const isDeployment = at % 3 === 0;
  const ms = now - 60_000 - at * 20_000;
  return {
    type: isDeployment ? 'Deployment.Run' : 'Volume.Create',
    severity: at % 10 === 0 ? 'ERROR' : 'NORMAL',
    key: `key-${at}`,
    message: `message ${at}`,
    tags: [isEven ? 'pool:gold' : 'pool:silver'],
    traits: [{ name: 'size_gib', value: { int: at } }],
    source: { service: isEven ? 'csi' : 'web', instance: `i-${at % 2}` },
    time: new Date(ms).toISOString(),
    ...(isDeployment && at > 0 && { endTime: new Date(ms + 20_000).toISOString() }),
  };
}

describe.runIf(hasBrowser)('the console', () => {
  let gateway: TestGateway;
  let browser: Browser;
  beforeAll(async () => {
    gateway = await bootGateway();
    const now = Date.now();
    const events = Array.from({ length: 120 }, (_, at) => eventOf(at, now));
    await gateway.gql(report, { events });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.[Symbol.asyncDispose]();
  });

  test('draws events in lanes, says what is pointed at, opens it and zooms', async () => {
    await using console = await openConsole(browser, gateway, '/?view=timeline');
    const { page } = console;
    await page.getByText('120 events').waitFor();
    await page.getByRole('img', { name: 'csi · i-0: 60, web · i-1: 60' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('combobox', { name: /^Lanes/ }).selectOption('tag');
    await page.getByRole('textbox', { name: 'Group' }).fill('pool');
    const canvas = page.getByRole('img', { name: 'gold: 60, silver: 60' });
    await canvas.waitFor();
    expect(new URL(page.url()).searchParams.get('lanes')).toBe('tag:pool');

    // The first deployment has no end: it goes on at the right end of a row of the lane.
    const box = await canvas.boundingBox();
    if (box === null) return expect.fail('There is no canvas.');
    const findOpen = async () => {
      for (let y = 30; y < box.height; y += 4) {
        await page.mouse.move(box.x + box.width - 6, box.y + y);
        if (await page.locator('.tip').getByText('goes on').isVisible()) return y;
      }
      return null;
    };
    const y = await findOpen();
    if (y === null) return expect.fail('No event goes on.');
    await page.mouse.click(box.x + box.width - 6, box.y + y);
    await page.getByRole('complementary', { name: 'Event' }).getByText('key-0').waitFor();
    await page.getByRole('button', { name: 'Close the event' }).click();

    await page.mouse.move(box.x + 400, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 700, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.getByLabel('From', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Wider' }).click();
    await page.goBack();
    await page.goBack();
    await page.getByText('120 events').waitFor();
    expectQuiet(console, gateway);
  });

  test('draws new events into the timeline, and as many lanes as there are', async () => {
    await using own = await bootGateway();
    const source = { service: 'csi', instance: 'i-0' };
    await own.gql(report, { events: [{ type: 'A.B', source }] });
    await using console = await openConsole(browser, own, '/?view=timeline');
    const { page } = console;
    await page.getByRole('img', { name: 'csi · i-0: 1' }).waitFor();
    await own.gql(report, { events: [{ type: 'A.B', source }] });
    await page.getByRole('img', { name: 'csi · i-0: 2' }).waitFor();

    // Higher, one below the other, than a canvas can be.
    for (let from = 0; from < 3_000; from += 1_000) {
      const events = Array.from({ length: 1_000 }, (_, at) => ({
        type: 'A.B',
        key: `key-${from + at}`,
      }));
      await own.gql(report, { events });
    }
    // By themselves as long as one request is enough for all of them.
    const newer = page.getByRole('button', { name: 'Newer events: show them' });
    const shown = page.getByText('3,002 events');
    await newer.or(shown).waitFor();
    if (await newer.isVisible()) await newer.click();
    await shown.waitFor();
    await page.getByRole('combobox', { name: /^Lanes/ }).selectOption('key');
    const canvas = page.getByRole('img', { name: 'key-0: 1' });
    await canvas.waitFor();
    const drawn = () =>
      canvas.evaluate((element: HTMLCanvasElement) => {
        const context = element.getContext('2d');
        const { data } = context?.getImageData(0, 40, element.width, 200) ?? { data: [] };
        return data.some((part) => part !== 0);
      });
    expect(await drawn()).toBe(true);
    await page.getByRole('region', { name: 'Timeline' }).evaluate((element) => {
      element.scrollTo(0, element.scrollHeight);
    });
    await expect.poll(drawn, patience).toBe(true);
    expectQuiet(console, own);
  });

  test('aggregates numbers beyond 2^53', async () => {
    await using own = await bootGateway();
    const traits = [{ name: 'bytes', value: { int: Number.MAX_SAFE_INTEGER } }];
    await own.gql(report, { events: Array.from({ length: 3 }, () => ({ type: 'A.B', traits })) });
    const choices = 'measure=trait:bytes&statistic=sum';
    await using console = await openConsole(browser, own, `/?view=aggregates&${choices}`);
    const { page } = console;
    await page.getByRole('img', { name: 'Sum over time' }).waitFor();
    await page.getByRole('combobox', { name: /^Interval/ }).selectOption('none');
    await page.getByRole('cell', { name: '27,021,600,000,000,000' }).waitFor();
    await page.getByRole('combobox', { name: /^Show/ }).selectOption('table');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    expect(await readFile(await file.path(), 'utf8')).toContain('A.B,3,9007199254740991');
    expectQuiet(console, own);
  });

  test('aggregates by group and over time, as lines, bars, table and CSV', async () => {
    await using console = await openConsole(browser, gateway, '/?view=aggregates');
    const { page } = console;
    await page.getByRole('img', { name: 'Count over time' }).waitFor();
    await page.getByText('Volume.Create').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Group by').fill('tag:pool');
    await page.getByLabel('Group by').press('Enter');
    await page.getByLabel('Measure').fill('trait:size_gib');
    await page.getByLabel('Measure').press('Enter');
    await page.getByRole('combobox', { name: /^Statistic/ }).selectOption('average');
    await page.getByRole('combobox', { name: /^Show/ }).selectOption('bars');
    await page.getByRole('img', { name: 'Average over time' }).waitFor();
    await page.getByRole('combobox', { name: /^Interval/ }).selectOption('none');
    const gold = page.getByRole('row').filter({ hasText: 'gold' });
    await gold.getByText('59', { exact: true }).waitFor();
    await expectAccessible(page);
    await page.getByRole('combobox', { name: /^Show/ }).selectOption('table');
    await gold.getByText('59', { exact: true }).first().waitFor();
    await expectAccessible(page);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const csv = await readFile(await file.path(), 'utf8');
    expect(csv).toMatch(/^pool,count,average,min,max,sum,p50,p95,p99\r\n(gold|silver),60,/);
    await page.getByLabel('Group by').fill('colour');
    await page.getByLabel('Group by').press('Enter');
    await page.getByText('"colour" is not a way to group').waitFor();
    expect(console.faults).toEqual([]);
  });

  test('draws new numbers into the chart that is there', async () => {
    await using own = await bootGateway();
    await own.gql(report, { events: [{ type: 'A.B' }] });
    await using console = await openConsole(browser, own, '/?view=aggregates');
    const { page } = console;
    const canvas = page.locator('.chart canvas');
    await canvas.evaluate((element: HTMLElement) => {
      element.dataset.mark = 'the first';
    });
    const picture = () => canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
    await page.getByText('A.B', { exact: true }).waitFor();
    const before = await picture();
    await own.gql(report, { events: Array.from({ length: 30 }, () => ({ type: 'A.B' })) });
    await expect.poll(picture, patience).not.toBe(before);
    expect(await canvas.getAttribute('data-mark')).toBe('the first');
    expectQuiet(console, own);
  });

  test('reports an event that somebody writes, and shows why one is rejected', async () => {
    await using console = await openConsole(browser, gateway, '/?view=report');
    const { page } = console;
    await page.getByLabel('Type').fill('Hand.Written');
    await page.getByLabel('Id').fill('abc');
    await page.getByLabel('Traits, one a line').fill('size_gib=20');
    await page.getByRole('button', { name: 'Report', exact: true }).click();
    await page.getByRole('alert').getByText('id: ').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Id').fill('');
    await page.getByLabel('Tags').fill('by:me');
    await page.getByRole('button', { name: 'Report', exact: true }).click();
    await page.getByText('Recorded as index').waitFor();
    await page.getByRole('button', { name: 'Show it' }).click();
    const details = page.getByRole('complementary', { name: 'Event' });
    await details.getByText('by:me').waitFor();
    await details.getByText('size_gib').waitFor();
    expectQuiet(console, gateway);
  });

  test.each(['events', 'live', 'timeline', 'aggregates', 'alarms', 'sinks', 'report', 'about'])(
    'is accessible in dark colours on a small screen: %s',
    async (view) => {
      await using console = await openConsole(browser, gateway, `/?view=${view}`, {
        colorScheme: 'dark',
        viewport: { width: 390, height: 780 },
      });
      const { page } = console;
      await page.getByText('Connected').waitFor();
      await expectAccessible(page);
      const [content = 0, window = 0] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        innerWidth,
      ]);
      expect(content).toBeLessThanOrEqual(window);
      expectQuiet(console, gateway);
    },
  );

  test('says what the gateway is, and what the viewer may do', async () => {
    await using console = await openConsole(browser, gateway, '/?view=about');
    const { page } = console;
    await page.getByText('Embedded').waitFor();
    await page.getByText('ADMIN in *').waitFor();
    await expect.poll(() => page.locator('.state-ok').count()).toBe(3);
    await expectAccessible(page);
    expectQuiet(console, gateway);
  });
});
