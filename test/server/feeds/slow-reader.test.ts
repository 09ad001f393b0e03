import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Harness, type Harnesses, openHarnesses } from '../../live/harness.ts';
import { patienceMs } from '../../patience.ts';
import { RawSocket } from '../raw-socket.ts';

const queueBytes = 256 * 1024;
let harnesses: Harnesses;
let harness: Harness;
/** Opens the gateway of a test: one that waits for minutes, but for the pause that the test is about. */
async function open(pauses: { graceMs?: number; keepAliveMs?: number } = {}): Promise<void> {
  harness = await harnesses.open({
    queueBytes,
    graceMs: patienceMs,
    keepAliveMs: patienceMs,
    ...pauses,
  });
}
beforeAll(async () => {
  harnesses = await openHarnesses();
});
afterEach(() => harness[Symbol.asyncDispose]());
afterAll(() => harnesses[Symbol.asyncDispose]());

const all = 'subscription ($at: SafeInt) { events(afterIndex: $at) { index message } }';
const filler = 'x'.repeat(20_000);

/** So much that no buffer on the way holds it. */
async function report(batches = 20): Promise<void> {
  for (let n = 0; n < batches; n++) {
    await harness.report(...Array.from({ length: 40 }, () => ({ message: filler })));
  }
}

const slow = () => harness.sockets.stats().slowConsumers;

describe('a reader that is too slow', () => {
  test('ends with SLOW_CONSUMER, does not affect the others, and resumes with nothing missing', async () => {
    await open();
    const first = await harness.journal.lastIndex();
    const before = slow();
    const stalled = await RawSocket.open(harness.socketUrl);
    const well = await RawSocket.open(harness.socketUrl);
    for (const socket of [stalled, well]) socket.subscribe('1', all);
    await vi.waitFor(() => expect(harness.live.stats().subscriptions).toBe(2));
    stalled.stall();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, harness.sockets.stats().queuedBytes);
    }, 5);
    // Until the connection itself holds as much as it will.
    while (slow() === before) await report(1);
    stalled.goOn();
    await vi.waitFor(() => expect(stalled.of('1', 'error')).toHaveLength(1));
    clearInterval(watch);
    expect(most).toBeLessThan(4 * queueBytes);
    const last = await harness.journal.lastIndex();
    await vi.waitFor(() => expect(well.events('1').at(-1)?.index).toBe(last));
    expect(well.of('1', 'error')).toEqual([]);

    const got = stalled.events('1').map(({ index }) => index);
    const lastIndex = got.at(-1);
    expect(stalled.of('1', 'error')[0]?.payload).toMatchObject([
      { extensions: { code: 'SLOW_CONSUMER', lastIndex } },
    ]);
    stalled.subscribe('2', all, { at: lastIndex });
    await vi.waitFor(() => expect(stalled.events('2').at(-1)?.index).toBe(last));
    got.push(...stalled.events('2').map(({ index }) => index));
    expect(got).toEqual(well.events('1').map(({ index }) => index));
    expect(got[0]).toBe(first + 1);
    expect(new Set(got).size).toBe(last - first);
    for (const socket of [stalled, well]) socket.close();
  });

  test('that does not even take the error is cut off, and graphql-ws connects again', async () => {
    await open({ graceMs: 500 });
    const client = createClient({
      url: harness.socketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => pause(10),
    });
    const codes: number[] = [];
    let socket: WebSocket | undefined;
    let connections = 0;
    client.on('connected', (connected) => {
      socket = connected as WebSocket;
      connections++;
    });
    client.on('closed', (event) => codes.push((event as { code: number }).code));
    const errors: unknown[] = [];
    client.subscribe(
      { query: all },
      { next: () => {}, error: (error) => errors.push(error), complete: () => {} },
    );
    await vi.waitFor(() => expect(harness.live.stats().subscriptions).toBe(1));
    const before = slow();
    (socket as unknown as { _socket: { pause(): void } })._socket.pause();
    while (slow() === before) await report(1);
    await vi.waitFor(() => expect(harness.sockets.stats().connections).toBe(0));
    (socket as unknown as { _socket: { resume(): void } })._socket.resume();
    await vi.waitFor(() => expect(connections).toBe(2));
    expect(errors).toEqual([]);
    expect(codes).toHaveLength(1);
    await client.dispose();
  });

  test('of history is waited for, with bounded memory', async () => {
    await open();
    const at = await harness.journal.lastIndex();
    await report(40);
    const socket = await RawSocket.open(harness.socketUrl);
    socket.stall();
    socket.subscribe('1', all, { at });
    socket.subscribe('2', all, { at });
    await vi.waitFor(() => expect(harness.sockets.stats().queuedBytes).toBeGreaterThan(64 * 1024));
    expect(harness.live.stats()).toMatchObject({ subscriptions: 2, channels: 0 });
    expect(harness.sockets.stats().queuedBytes).toBeLessThan(4 * queueBytes);
    socket.goOn();
    const last = await harness.journal.lastIndex();
    for (const id of ['1', '2']) {
      await vi.waitFor(() => expect(socket.events(id).at(-1)?.index).toBe(last));
      expect(socket.events(id)).toHaveLength(last - at);
    }
    expect(socket.received.filter(({ type }) => type === 'error')).toEqual([]);
    socket.close();
  });

  test('of results is not read from any more until it has taken them', async () => {
    await open();
    // More than the connection itself holds, and than may be queued.
    await report(3);
    const socket = await RawSocket.open(harness.socketUrl);
    socket.stall();
    const query = 'query { events(first: 100) { nodes { message } } }';
    for (let n = 0; n < 40; n++) socket.subscribe(`${n}`, query);
    await vi.waitFor(() => expect(harness.sockets.stats().queuedBytes).toBeGreaterThan(256 * 1024));
    socket.goOn();
    await vi.waitFor(() => {
      expect(socket.received.filter(({ type }) => type === 'complete')).toHaveLength(40);
    });
    socket.close();
  });
});

describe('keep-alive', () => {
  test('a client that answers pings stays, one that does not is freed', async () => {
    await open({ keepAliveMs: 2_000 });
    const well = await RawSocket.open(harness.socketUrl);
    let pings = 0;
    well.webSocket.on('ping', () => pings++);
    const dead = await RawSocket.open(harness.socketUrl, { autoPong: false });
    await vi.waitFor(() => expect(dead.closed).not.toBeNull());
    await vi.waitFor(() => expect(pings).toBeGreaterThan(2));
    expect(well.closed).toBeNull();
    well.close();
    await vi.waitFor(() => expect(harness.sockets.stats().connections).toBe(0));
  });
});
