// Followers that cost the load process little: a WebSocket handshake, then frames counted by their headers.
// Every message carries the moment it was reported (`@<milliseconds>@` in its text), read for the latency.
import { connect } from 'node:net';

const subscription = (fields) =>
  `subscription ($filter: EventFilter) { events(filter: $filter) { ${fields} } }`;

const textFrame = 1;
const pingFrame = 9;
const pongFrame = 10;

/** One frame as a client sends it: masked with zeroes. */
function frame(content, opcode = textFrame) {
  const body = Buffer.from(content);
  const head =
    body.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | body.length])
      : Buffer.from([0x80 | opcode, 0x80 | 126, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

/** Length of a frame's head and of its content; null while the head has not all come. */
function frameAt(buffer, at) {
  if (buffer.length - at < 2) return null;
  const short = buffer[at + 1] & 127;
  if (short < 126) return { head: 2, length: short };
  if (short === 126)
    return buffer.length - at < 4 ? null : { head: 4, length: buffer.readUInt16BE(at + 2) };
  return buffer.length - at < 10
    ? null
    : { head: 10, length: Number(buffer.readBigUInt64BE(at + 2)) };
}

class Follower {
  #socket;
  #subscription;
  #onEvent;
  #ready;
  #rest = Buffer.alloc(0);
  #stage = 'upgrading';

  constructor(socket, subscription, onEvent, ready) {
    this.#socket = socket;
    this.#subscription = subscription;
    this.#onEvent = onEvent;
    this.#ready = ready;
  }

  close() {
    this.#socket.destroy();
  }

  pause() {
    this.#socket.pause();
  }

  receive(bytes) {
    let buffer = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    if (this.#stage === 'upgrading') buffer = this.#upgrade(buffer);
    let at = 0;
    for (let next = frameAt(buffer, at); next !== null; next = frameAt(buffer, at)) {
      const from = at + next.head;
      if (buffer.length < from + next.length) break;
      const opcode = buffer[at] & 15;
      if (opcode === textFrame) this.#message(buffer, from, from + next.length);
      if (opcode === pingFrame)
        this.#socket.write(frame(buffer.subarray(from, from + next.length), pongFrame));
      at = from + next.length;
    }
    this.#rest = at === buffer.length ? Buffer.alloc(0) : Buffer.from(buffer.subarray(at));
  }

  /** What follows the answer to the handshake; while that has not all come, nothing is consumed. */
  #upgrade(buffer) {
    const end = buffer.indexOf('\r\n\r\n');
    if (end === -1) return buffer;
    this.#stage = 'acknowledging';
    this.#socket.write(frame('{"type":"connection_init"}'));
    return buffer.subarray(end + 4);
  }

  #message(buffer, from, to) {
    if (this.#stage === 'acknowledging') {
      this.#stage = 'following';
      const subscribe = { id: '1', type: 'subscribe', payload: this.#subscription };
      this.#socket.write(frame(JSON.stringify(subscribe)));
      this.#ready();
      return;
    }
    const mark = buffer.indexOf('@', from, 'latin1');
    if (mark !== -1 && mark < to) {
      const sent = Number(
        buffer.toString('latin1', mark + 1, buffer.indexOf('@', mark + 1, 'latin1')),
      );
      this.#onEvent(performance.timeOrigin + performance.now() - sent);
      return;
    }
    const text = buffer.toString('utf8', from, to);
    if (/"type":"ping"/.test(text)) this.#socket.write(frame('{"type":"pong"}'));
    else if (!/"type":"pong"/.test(text)) this.#socket.destroy(new Error(`unexpected: ${text}`));
  }
}

/** Opens a subscription; `onEvent(milliseconds since the report)` is called for every event. Resolves once it was sent. */
export function follow(
  url,
  filter,
  onEvent,
  fields = 'id type key message tags time',
  secret = null,
) {
  const { hostname, port, pathname, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n' +
          `${secret === null ? '' : `Authorization: Bearer ${secret}\r\n`}\r\n`,
      ),
    );
    const payload = { query: subscription(fields), variables: { filter } };
    const follower = new Follower(socket, payload, onEvent, () => resolve(follower));
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.on('data', (bytes) => follower.receive(bytes));
  });
}
