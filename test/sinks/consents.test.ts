import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Consent, Consents } from '../../src/sinks/consents.ts';
import type { ConsentTable } from '../../src/store/sinks/consent-table.ts';

const url = 'https://example.org/events';
/** Allows one message in a minute. */
const allowed = new Map([
  ['webhook-allowed-origin', '*'],
  ['webhook-allowed-rate', '1'],
]);
const ask = async () => ({
  status: 200,
  text: '',
  header: (name: string) => allowed.get(name),
});

/** Whether a message would be sent now; one that would not is not waited for. */
async function isSentNow(consent: Consent): Promise<boolean> {
  const { signal, ...waited } = control();
  let sent = false;
  const message = consent.obtain(ask, signal).then(
    () => {
      sent = true;
    },
    () => {},
  );
  // A message that may go has gone by then: nothing but promises that are kept is between.
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
  waited.abort();
  await message;
  return sent;
}

const control = () => {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
};

test('the pace of a sink is kept while there are as many others as are remembered', async () => {
  const table = {} as ConsentTable;
  const consents = new Consents({ table, origin: 'tidings.example.org', publicUrl: null });
  expect(await isSentNow(consents.of('a', url))).toBe(true);
  expect(await isSentNow(consents.of('b', url))).toBe(true);
  for (let others = 0; others < 9_998; others += 1) consents.of(`other ${others}`, url);
  // One that is known makes no room.
  expect(await isSentNow(consents.of('a', url))).toBe(false);
  expect(await isSentNow(consents.of('b', url))).toBe(false);
  consents.of('one more', url);
  expect(await isSentNow(consents.of('a', url))).toBe(false);
  expect(await isSentNow(consents.of('b', url))).toBe(false);
});
