import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { bootGuarded, type GuardedGateway } from '../access/guarded-gateway.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../access/openid-provider.ts';
import { hasBrowser, openBrowser } from '../browser.ts';
import { expectAccessible, openConsole, patience } from './page.ts';

vi.setConfig({ testTimeout: 90_000 });

const policyOf = (issuer: string) => `roles:
  reader:
    grants: [{ actions: [READ] }]
jwt:
  - { issuer: "${issuer}", audience: tidings, algorithms: [ES256], rolesClaim: groups }
`;

describe.runIf(hasBrowser)('the console of a gateway with an issuer', () => {
  let provider: OpenIdProvider;
  let gateway: GuardedGateway;
  let browser: Browser;
  beforeAll(async () => {
    provider = await startOpenIdProvider();
    gateway = await bootGuarded(policyOf(provider.issuer), {
      TIDINGS_CONSOLE_CLIENT_ID: 'console',
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.[Symbol.asyncDispose]();
    await provider?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    Object.assign(provider.signIns, {
      redirectUri: `${gateway.booted.origin}/`,
      claims: { groups: ['reader'] },
      audience: 'tidings',
      nonce: null,
    });
  });

  const button = (page: Page) =>
    page.getByRole('button', { name: `Sign in at ${new URL(provider.issuer).host}` });

  test('signs somebody in there, and goes back to the same place', async () => {
    await using console = await openConsole(browser, gateway.booted, '/?view=about');
    const { page, context } = console;
    await button(page).waitFor();
    await expectAccessible(page);
    // The browser notes that the first request was answered with 401.
    console.faults.length = 0;
    await button(page).click();
    await page.getByRole('heading', { name: 'Provider' }).waitFor();
    await page.getByRole('link', { name: 'Ada' }).click();
    await page.getByText('READ in *').waitFor();
    await page.locator('.viewer').getByText('ada').waitFor();
    expect(page.url()).toBe(`${gateway.booted.origin}/?view=about`);
    const cookies = await context.cookies();
    expect(cookies).toMatchObject([
      { name: 'tidings_session', httpOnly: true, sameSite: 'Strict', path: '/' },
    ]);
    expect(console.faults).toEqual([]);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await button(page).waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  test('says why nobody was signed in', async () => {
    await using console = await openConsole(browser, gateway.booted);
    const { page } = console;
    await button(page).click();
    await page.getByRole('link', { name: 'Nobody' }).click();
    await page.getByText('The issuer has not signed you in: no, said Ada.').waitFor();
    expect(page.url()).toBe(`${gateway.booted.origin}/`);
    await expectAccessible(page);
  });

  test('takes no answer that belongs to another sign-in', async () => {
    const failure = async (signIn: (page: Page) => Promise<void>) => {
      await using console = await openConsole(browser, gateway.booted);
      const { page, context } = console;
      await button(page).click();
      await signIn(page);
      await page
        .getByText('The token is not valid here, or not any more: sign in again.')
        .waitFor();
      const names = (await context.cookies()).map(({ name }) => name);
      expect(names).not.toContain('tidings_session');
    };
    const href = async (page: Page) =>
      (await page.getByRole('link', { name: 'Ada' }).getAttribute('href')) ?? '';
    // Another state than that of this browser.
    await failure(async (page) => {
      const url = new URL(await href(page));
      url.searchParams.set('state', 'of-somebody-else');
      await page.goto(url.href);
    });
    // A code that was used before.
    await failure(async (page) => {
      const url = await href(page);
      await page.goto(url);
      await page.getByText('No events in this time.').waitFor();
      await page.context().clearCookies({ name: 'tidings_session' });
      await page.goto(url);
    });
    // An ID token of another request.
    provider.signIns.nonce = 'another';
    await failure((page) => page.getByRole('link', { name: 'Ada' }).click());
    provider.signIns.nonce = null;
    // Tokens for nobody here.
    provider.signIns.audience = 'another service';
    await failure((page) => page.getByRole('link', { name: 'Ada' }).click());
    provider.signIns.audience = null;
    await failure((page) => page.getByRole('link', { name: 'Ada' }).click());
  });

  test('says that the issuer is down', async () => {
    await using own = await startOpenIdProvider();
    await using guarded = await bootGuarded(policyOf(own.issuer), {
      TIDINGS_CONSOLE_CLIENT_ID: 'console',
    });
    await using console = await openConsole(browser, guarded.booted);
    const { page } = console;
    await own[Symbol.asyncDispose]();
    await page.getByRole('button', { name: /^Sign in at/ }).click();
    await page.getByText('The issuer does not answer as it should').waitFor();
    await expect.poll(() => page.getByLabel('Token').isVisible(), patience).toBe(true);
  });
});
