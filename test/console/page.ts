import axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { TestGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';

export const patience = { timeout: Math.min(patienceMs, 40_000), interval: 50 };

/** A window with the console, which notes what goes wrong in it. */
export interface ConsolePage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Exceptions, and errors on the browser's console. */
  readonly faults: string[];
  /** The origins that the page asked for anything. */
  readonly origins: ReadonlySet<string>;
}

/** @param path of the page: /?view=live */
export async function openConsole(
  browser: Browser,
  { origin }: Pick<TestGateway, 'origin'>,
  path = '/',
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ timezoneId: 'UTC', ...options });
  // Less than a test has, so that it fails with the words of what it waits for.
  context.setDefaultTimeout(patience.timeout);
  const faults: string[] = [];
  const origins = new Set<string>();
  context.on('request', (request) => {
    if (!request.url().startsWith('data:')) origins.add(new URL(request.url()).origin);
  });
  context.on('weberror', (fault) => faults.push(String(fault.error())));
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  const page = await context.newPage();
  await page.goto(`${origin}${path}`);
  return {
    page,
    context,
    faults,
    origins,
    async [Symbol.asyncDispose]() {
      await context.close();
    },
  };
}

/** Fails the test for everything about the page that keeps people out. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const findings = await page.evaluate(async () => {
    interface Axe {
      run(): Promise<{
        violations: {
          id: string;
          help: string;
          nodes: { html: string; failureSummary: string }[];
        }[];
      }>;
    }
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
    );
  });
  expect(findings).toEqual([]);
}

/** Nothing went wrong in the page, and it asked the gateway alone. */
export function expectQuiet(
  { faults, origins }: ConsolePage,
  { origin }: { readonly origin: string },
): void {
  expect(faults).toEqual([]);
  expect([...origins]).toEqual([origin]);
}

export const rows = (page: Page) => page.locator('.grid-body [role=row]');
