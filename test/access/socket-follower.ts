import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { TestGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';
import { bearer } from './guarded-gateway.ts';

interface Message {
  readonly type: string;
  readonly payload?: unknown;
}

/** A socket with one subscription, and everything that came over it. */
export interface SocketFollower {
  readonly socket: WebSocket;
  readonly messages: readonly Message[];
  /** The first message of a type. */
  until(type: string, timeoutMs?: number): Promise<Message>;
  /** The close code; null while it is open. */
  closed(): number | null;
}

/** Subscribes at a gateway; the credential is in the headers of the upgrade. */
export async function followBySocket(
  { webSocketUrl }: TestGateway,
  secret: string | null,
  query: string,
): Promise<SocketFollower> {
  const socket = new WebSocket(webSocketUrl, 'graphql-transport-ws', { headers: bearer(secret) });
  const messages: Message[] = [];
  let closed: number | null = null;
  let subscribed = () => {};
  const isSubscribed = new Promise<void>((resolve) => {
    subscribed = resolve;
  });
  socket.on('message', (data) => {
    const message: Message = JSON.parse(String(data));
    if (message.type === 'pong') subscribed();
    else messages.push(message);
  });
  socket.on('close', (code) => {
    closed = code;
  });
  await new Promise((resolve) => socket.on('open', resolve));
  const send = (message: object) => socket.send(JSON.stringify(message));
  const until = (type: string, timeoutMs = patienceMs) =>
    vi.waitFor(() => {
      const found = messages.find((message) => message.type === type);
      expect(found, `${type} among ${JSON.stringify(messages)}`).toBeDefined();
      return found as Message;
    }, timeoutMs);
  send({ type: 'connection_init' });
  await until('connection_ack');
  send({ id: '1', type: 'subscribe', payload: { query } });
  // A pong comes after the subscription was read.
  send({ type: 'ping' });
  await isSubscribed;
  return { socket, messages, until, closed: () => closed };
}
