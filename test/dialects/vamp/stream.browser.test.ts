import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, openBrowser } from '../../browser.ts';
import { eventually } from '../eventually.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { Wire } from '../wire.ts';
import { report } from './client.ts';

/** What a page hears of a stream, kept in it. */
declare const window: {
  heard: { type: string; data: string }[];
  EventSource: new (
    url: string,
  ) => {
    addEventListener(type: string, listener: (event: { data: string }) => void): void;
  };
};

describe.runIf(hasBrowser)('a browser', () => {
  let gateway: TestGateway;
  let wire: Wire;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    gateway = await startGateway();
    wire = await Wire.open(gateway.url);
    browser = await openBrowser();
    page = await browser.newPage();
    await page.goto(`${wire.url}/healthz`);
  });

  afterAll(async () => {
    await browser?.close();
    await wire?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  /** Follows a stream for types of events; `message` is what has no type. */
  const follow = (path: string, types: readonly string[]): Promise<void> =>
    page.evaluate(
      ([url, ...names]) => {
        window.heard = [];
        const source = new window.EventSource(url ?? '');
        for (const type of names) {
          source.addEventListener(type, ({ data }) => window.heard.push({ type, data }));
        }
      },
      [path, ...types],
    );
  const heard = () => page.evaluate(() => window.heard);

  test('hears each event by its type', async () => {
    await follow('/api/v1/events/stream?tag=a&after=0', ['metrics', 'health', 'message']);
    const api = `${gateway.url}/api/v1`;
    const first = await report(api, { tags: ['a'], type: 'metrics', value: { x: 1 } });
    const second = await report(api, { tags: ['a:b'], type: 'health', value: 0.5 });
    await eventually(async () =>
      expect(await heard()).toEqual([
        { type: 'metrics', data: JSON.stringify(first) },
        { type: 'health', data: JSON.stringify(second) },
      ]),
    );
  });

  test('goes on by itself where its connection was broken off', async () => {
    const api = `${gateway.url}/api/v1`;
    await follow('/api/v1/events/stream?tag=resume&after=0', ['event']);
    const ids = [(await report(api, { tags: ['resume'] })).id];
    const idsHeard = async () => (await heard()).map(({ data }) => JSON.parse(data).id);
    await eventually(async () => expect(await idsHeard()).toEqual(ids));
    wire.cut();
    for (let at = 0; at < 5; at++) ids.push((await report(api, { tags: ['resume'] })).id);
    await eventually(async () => expect(await idsHeard()).toEqual(ids));
  });
});
