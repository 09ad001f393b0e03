import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasBrowser, openBrowser } from '../../browser.ts';
import { type CuttingProxy, startCuttingProxy } from '../../client/cutting-proxy.ts';
import { bootGateway, type TestGateway } from '../../harness.ts';
import { patienceMs } from '../../patience.ts';

interface Heard {
  readonly lastEventId: string;
  readonly data: string;
}

/** The page's, where `follow` runs. */
declare const window: {
  heard: Heard[];
  EventSource: new (
    url: string,
  ) => { addEventListener(type: string, listener: (event: Heard) => void): void };
};

// A browser is slow where other tests keep the machine busy.
vi.setConfig({ testTimeout: 90_000 });
const patience = { timeout: patienceMs, interval: 50 };

describe.runIf(hasBrowser)("a browser's EventSource", () => {
  let gateway: TestGateway;
  let proxy: CuttingProxy;
  let browser: Browser;
  let page: Page;
  let journalId: string;
  beforeAll(async () => {
    gateway = await bootGateway();
    journalId = (await gateway.gql('{ journal { id } }')).journal.id;
    proxy = await startCuttingProxy(Number(new URL(gateway.origin).port));
    browser = await openBrowser();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${proxy.port}/`);
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  test('follows a subscription, and resumes by itself where it was cut off', async () => {
    const before = [await report('a'), await report('b')];
    await follow('subscription { events(filter: { tags: ["es"] }, afterIndex: 0) { index key } }');
    const all = [...before, await report('c')];
    await expect.poll(heard, patience).toEqual(all);

    // From the beginning, as its address says, it would hear everything twice.
    expect(proxy.cut()).toBeGreaterThan(0);
    all.push(await report('d'), await report('e'));
    await expect.poll(heard, patience).toEqual(all);
    all.push(await report('f'));
    await expect.poll(heard, patience).toEqual(all);
  });

  /** Resolves with what a follower is to hear of it. */
  async function report(key: string): Promise<{ lastEventId: string; data: object }> {
    const document =
      'mutation ($key: String!) { reportEvent(event: { tags: ["es"], key: $key }) { ... on ReportedEvent { index } } }';
    const { index } = (await gateway.gql(document, { key })).reportEvent;
    return { lastEventId: `${journalId}-${index}`, data: { data: { events: { index, key } } } };
  }

  const follow = (query: string): Promise<void> =>
    page.evaluate(
      (url) => {
        window.heard = [];
        const source = new window.EventSource(url);
        source.addEventListener('next', ({ lastEventId, data }) =>
          window.heard.push({ lastEventId, data }),
        );
      },
      `/graphql?query=${encodeURIComponent(query)}`,
    );

  const heard = async () =>
    (await page.evaluate(() => window.heard)).map(({ lastEventId, data }) => ({
      lastEventId,
      data: JSON.parse(data),
    }));
});
