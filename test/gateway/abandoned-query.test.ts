import { expect, test, vi } from 'vitest';
import { bootGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';

const document = '{ events(first: 1, minIndex: 1000000) { nodes { id } } }';

test.each(['POST', 'GET'])(
  'a client that closes its connection ends the reads of its query: %s',
  async (method) => {
    await using gateway = await bootGateway();
    const readers = vi.spyOn(gateway.gateway.context.store, 'for');
    const client = new AbortController();
    const url =
      method === 'GET' ? `${gateway.url}?query=${encodeURIComponent(document)}` : gateway.url;
    const answer = fetch(url, {
      method,
      signal: client.signal,
      headers: { 'content-type': 'application/json' },
      ...(method === 'POST' && { body: JSON.stringify({ query: document }) }),
    });
    await vi.waitFor(() => expect(readers).toHaveBeenCalledTimes(1), patienceMs);
    const [caller] = readers.mock.calls[0] ?? [];
    expect(caller?.signal?.aborted).toBe(false);
    client.abort();
    await expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(caller?.signal?.aborted).toBe(true), patienceMs);
  },
);
