import { expect, test } from 'vitest';
import type { Json } from '../../src/event/event.ts';
import { skipRejected } from '../../src/intake/rejected.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { SkipCounter } from '../../src/telemetry/skip-counter.ts';

test('a rejected draft is counted even where its value is too deep to be written', () => {
  const levels = 100_000;
  const deep: Json = JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  const skipped = new SkipCounter(createLog('silent'), 'Drafts were skipped.');
  skipRejected(
    skipped,
    [{ dialect: 'NOMAD', message: 'deep', value: deep, raw: deep }],
    [{ status: 'REJECTED', errors: [{ path: ['value'], code: 'INVALID', message: 'Too deep.' }] }],
  );
  expect(skipped.count).toBe(1);
});
