import { expect } from 'vitest';
import type { GatewayProcess } from '../faults/gateway-process.ts';

/** Runs one operation at a gateway in a process of its own, and fails the test when it has errors. */
export async function ask(
  gateway: GatewayProcess,
  query: string,
  variables: object = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of the answer.
): Promise<any> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of the answer.
  const { data, errors } = (await response.json()) as any;
  expect(errors).toBeUndefined();
  return data;
}
