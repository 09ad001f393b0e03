import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Trait } from '../../../src/event/event.ts';
import { report } from '../../journal/report.ts';
import { pgliteHarness, put, type StoreHarness } from '../harness.ts';

const most = 10_000;

let harness: StoreHarness;
beforeAll(async () => {
  harness = await pgliteHarness();
  const ofTypes = Array.from({ length: most + 1 }, (_, n) => report({ category: `Category${n}` }));
  const traitsOf = (from: number) =>
    Array.from(
      { length: 100 },
      (_, n): Trait => ({ name: `trait${from + n}`, type: 'INT', value: n }),
    );
  const ofTraits = Array.from({ length: most / 100 + 1 }, (_, n) =>
    report({ category: n === 0 ? 'First' : 'Others', traits: traitsOf(n * 100) }),
  );
  for (let at = 0; at < ofTypes.length; at += 1_000) {
    await put(harness.store, ofTypes.slice(at, at + 1_000));
  }
  await put(harness.store, ofTraits);
});
afterAll(() => harness[Symbol.asyncDispose]());

test('more types than one answer lists are an error that says what to name', async () => {
  await expect(harness.store.types(null)).rejects.toMatchObject({
    name: 'InputError',
    argument: ['names'],
    message: "There are more than 10000 types of events: name those that you want in 'names'.",
  });
  expect(await harness.store.types(['Category7'])).toEqual([
    { category: 'Category7', action: null },
  ]);
});

test('more traits than one answer lists are an error that says what to name', async () => {
  await expect(harness.store.traitDescriptors(null)).rejects.toMatchObject({
    name: 'InputError',
    argument: ['types'],
    message: "There are more than 10000 traits: name those that you want in 'types'.",
  });
  expect(await harness.store.traitDescriptors(['First'])).toHaveLength(100);
});
