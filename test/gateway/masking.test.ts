import { expect, test, vi } from 'vitest';
import { now } from '../../src/event/instant.ts';
import { bootGateway } from '../harness.ts';

test('an exception that nobody expected is masked, and logged under the id that the client is given', async () => {
  const error = vi.fn();
  let reads = 0;
  await using gateway = await bootGateway({
    overrides: {
      log: { debug: () => {}, info: () => {}, warn: () => {}, error },
      // The first reading begins the operation, the second is the intake's.
      now: () => {
        reads++;
        if (reads === 2) throw new Error('the secret of the clock');
        return now();
      },
    },
  });

  const { data, errors } = await gateway.run('mutation { reportEvent(event: {}) { __typename } }');

  expect(data).toBeNull();
  expect(errors).toEqual([
    {
      message: 'Internal error.',
      locations: expect.anything(),
      path: ['reportEvent'],
      extensions: {
        code: 'INTERNAL_SERVER_ERROR',
        errorId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    },
  ]);
  const { errorId } = errors?.[0]?.extensions ?? {};
  const [fields] = error.mock.calls[0] ?? [];
  expect(error).toHaveBeenCalledTimes(1);
  expect(fields.errorId).toBe(errorId);
  expect(String(fields.error)).toContain('the secret of the clock');
  expect(JSON.stringify(errors)).not.toContain('secret');
});
