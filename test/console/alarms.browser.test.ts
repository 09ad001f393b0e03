import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, openBrowser } from '../browser.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { expectAccessible, expectQuiet, openConsole, patience, rows } from './page.ts';

vi.setConfig({ testTimeout: 120_000 });

const report = 'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }';

describe.runIf(hasBrowser)('the alarms of the console', () => {
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

  const failures = (count: number, minutesAgo: number) =>
    gateway.gql(report, {
      events: Array.from({ length: count }, (_, at) => ({
        type: 'Job.Failed',
        severity: 'ERROR',
        key: 'job-1',
        time: new Date(Date.now() - minutesAgo * 60_000 + at * 100).toISOString(),
      })),
    });

  test('come from a rule that is written and tested over the past, and are acknowledged', async () => {
    await failures(4, 30);
    await using console = await openConsole(browser, gateway, '/?view=alarms');
    const { page } = console;
    await page.getByText('No alarm is firing.').waitFor();
    await page.getByRole('button', { name: 'Rules' }).click();
    await page.getByText('There is no rule yet.').waitFor();
    await page.getByRole('button', { name: 'New rule' }).click();
    await page.getByLabel('Name', { exact: true }).fill('failing jobs');
    await page.getByLabel('Events that count').fill('type:Job.Failed');
    await page.getByLabel('An alarm for each').fill('colour');
    await page.getByRole('button', { name: 'Test over the time above' }).click();
    await page.getByText('"colour" is not a way to group').waitFor();
    await page.getByLabel('An alarm for each').fill('key');
    await page.getByLabel('Threshold', { exact: true }).fill('3');
    await page.getByLabel('Over the last').fill('5m');
    await page.getByRole('button', { name: 'Test over the time above' }).click();
    const tested = page.getByRole('region', { name: 'Test' });
    await tested.getByText('1 alarm over').waitFor();
    await tested.getByRole('cell', { name: 'job-1', exact: true }).waitFor();
    await expectAccessible(page);

    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('count > 3 in 5m').waitFor();
    await expectAccessible(page);
    await failures(5, 0);
    await page.getByRole('navigation', { name: 'Alarms' }).getByText('Alarms').click();
    const firing = page.getByRole('region', { name: 'Firing now' });
    await firing.getByText('job-1').waitFor();
    await page.getByRole('link', { name: 'Alarms 1 firing' }).waitFor();
    await expectAccessible(page);
    await firing.getByRole('button', { name: 'Acknowledge' }).click();
    const dialog = page.getByRole('dialog', { name: 'Acknowledge failing jobs' });
    await dialog.getByLabel('Comment, for others').fill('on it');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await firing.getByText('anonymous: on it').waitFor();
    await firing.getByRole('button', { name: 'failing jobs' }).click();
    const details = page.getByRole('complementary', { name: 'Event' });
    await details.getByText('Alarm').first().waitFor();
    await expectAccessible(page);
    await details.getByRole('button', { name: 'Show what led to it' }).click();
    await rows(page).getByText('Job.Failed').first().waitFor();
    expect(new URL(page.url()).searchParams.get('filter')).toMatch(/^id:[\da-f,-]{36,}$/);
    await page.goBack();
    await firing.getByText('anonymous: on it').waitFor();

    await page.goto(`${gateway.origin}/?view=alarms&tab=rules`);
    page.on('dialog', (asked) => void asked.accept());
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There is no rule yet.').waitFor();
    await page.getByRole('navigation', { name: 'Alarms' }).getByText('Alarms').click();
    await page
      .getByRole('region', { name: 'History' })
      .getByText('Recovered', { exact: true })
      .waitFor();
    expectQuiet(console, gateway);
  });

  test('have rules of which one person does not overwrite what another has changed', async () => {
    const input = {
      name: 'shared',
      filter: { types: ['A.B'] },
      condition: { threshold: { op: 'GT', value: 5, over: '10m' } },
    };
    const { createAlarmRule } = await gateway.gql(
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      { input },
    );
    await using console = await openConsole(browser, gateway, '/?view=alarms&tab=rules');
    const { page } = console;
    await page.getByRole('button', { name: 'shared' }).click();
    await page.getByLabel('Threshold', { exact: true }).fill('7');

    await gateway.gql(
      'mutation ($id: ID!, $input: AlarmRuleInput!) { updateAlarmRule(id: $id, input: $input) { id } }',
      { id: createAlarmRule.id, input: { ...input, description: 'of somebody else' } },
    );
    await page.getByText('Somebody has changed this rule since you opened it').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The rule was changed meanwhile').waitFor();
    const definition = async () => {
      const { alarmRule } = await gateway.gql(
        'query ($id: ID!) { alarmRule(id: $id) { definition } }',
        { id: createAlarmRule.id },
      );
      return alarmRule.definition;
    };
    expect(await definition()).toMatchObject({ description: 'of somebody else' });
    expect((await definition()).condition.threshold.value).toBe(5);

    await page.getByRole('button', { name: 'Show theirs, without my changes' }).click();
    await expect
      .poll(() => page.getByLabel('Description').inputValue(), patience)
      .toBe('of somebody else');
    expect(await page.getByLabel('Threshold', { exact: true }).inputValue()).toBe('5');
    await page.getByLabel('Threshold', { exact: true }).fill('8');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('count > 8 in 10m').waitFor();
    expect((await definition()).condition.threshold.value).toBe(8);
    expectQuiet(console, gateway);
  });

  test('are shown by a gateway that takes longer to answer than the page waits to ask again', async () => {
    await using console = await openConsole(browser, gateway, '/?view=about');
    const { page } = console;
    await page.getByRole('heading', { name: 'Gateway' }).waitFor();
    await page.clock.install();
    const held: (() => void)[] = [];
    let isSlow = true;
    await page.route('**/graphql', async (route) => {
      const isAlarms = (route.request().postData() ?? '').includes('query Alarms');
      if (isAlarms && isSlow) await new Promise<void>((resolve) => held.push(resolve));
      await route.continue();
    });
    await page.getByRole('link', { name: 'Alarms' }).click();
    await expect.poll(() => held.length, patience).toBe(2);
    await page.clock.runFor(30_000);
    // The two requests of the beginning, and none in place of them.
    expect(held.length).toBe(2);
    isSlow = false;
    for (const release of held) release();
    await page.getByText('No alarm is firing.').waitFor();
    expectQuiet(console, gateway);
  });

  test('are silenced for a time, and not any more', async () => {
    await using console = await openConsole(browser, gateway, '/?view=alarms&tab=silences');
    const { page } = console;
    await page.getByText('Nothing is silenced.').waitFor();
    await page.getByLabel('Why').fill('maintenance');
    await page.getByLabel('About events').fill('node:node-1');
    await page.getByRole('combobox', { name: /^For/ }).selectOption('24h');
    await page.getByRole('button', { name: 'Silence', exact: true }).click();
    await page.getByRole('cell', { name: 'node:node-1' }).waitFor();
    await expectAccessible(page);
    const { silences } = await gateway.gql('{ silences { until comment } }');
    const hours = (Date.parse(silences[0].until) - Date.now()) / 3_600_000;
    expect(silences[0].comment).toBe('maintenance');
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
    await page.getByRole('button', { name: 'End now' }).click();
    await page.getByText('Nothing is silenced.').waitFor();
    expectQuiet(console, gateway);
  });
});
