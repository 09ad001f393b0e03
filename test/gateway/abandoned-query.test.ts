import { expect, test, vi } from 'vitest';
import type { StatementCaller } from '../../src/store/database/statement-queue.ts';
import type { Store } from '../../src/store/store.ts';
import { bootGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';

const document = '{ events(first: 1) { nodes { id } } }';

/** A store whose pages never come. */
const stalled = (store: Store): Store =>
  new Proxy(store, {
    get: (target, name) =>
      name === 'page' ? () => new Promise(() => {}) : Reflect.get(target, name, target),
  });

test.each(['POST', 'GET'])(
  'a client that closes its connection ends the reads of its query: %s',
  async (method) => {
    await using gateway = await bootGateway();
    const { store } = gateway.gateway.context;
    const read = store.for.bind(store);
    const readers = vi
      .spyOn(store, 'for')
      .mockImplementation((caller: StatementCaller) => stalled(read(caller)));
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
