// A closed-loop HTTP/1.1 load over keep-alive sockets: each connection sends the next request when the
// answer to the last has come. Bare sockets, so that the load costs the machine little beside the server.
import { once } from 'node:events';
import { connect } from 'node:net';

/** One POST of a JSON body, as bytes ready to be sent. */
export function post(url, body, secret = null) {
  const { host, pathname } = new URL(url);
  const json = JSON.stringify(body);
  return Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nAccept: application/json\r\n` +
      (secret === null ? '' : `Authorization: Bearer ${secret}\r\n`) +
      `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
  );
}

/**
 * Sends `next()` over `connections` sockets until `seconds` have passed or `requests` were sent.
 * `check(text)` sees the first answer of every connection and throws when it is not what it should be.
 * Returns requests a second and latencies in milliseconds.
 */
export async function load({
  url,
  connections,
  seconds = Infinity,
  requests = Infinity,
  next,
  check,
}) {
  const latencies = [];
  let sent = 0;
  const begin = performance.now();
  const over = () => sent >= requests || performance.now() - begin > seconds * 1000;
  const drive = async () => {
    const connection = await open(url);
    for (let first = true; !over(); first = false) {
      sent += 1;
      const bytes = next();
      const from = performance.now();
      const answer = await connection.exchange(bytes);
      latencies.push(performance.now() - from);
      if (first) check(answer);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, drive));
  const took = (performance.now() - begin) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (rank) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * rank))];
  return {
    perSecond: latencies.length / took,
    p50: at(0.5),
    p99: at(0.99),
    answered: latencies.length,
  };
}

/** The one in the middle. */
export const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

/** A connection that is kept alive, for one request at a time. */
export async function open(url) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return { exchange: (bytes) => exchange(socket, bytes), close: () => socket.destroy() };
}

/** Sends one request and resolves with the body of its answer. */
function exchange(socket, bytes) {
  return new Promise((resolve, reject) => {
    let received = '';
    const onData = (chunk) => {
      received += chunk.toString('latin1');
      const answer = wholeAnswer(received);
      if (answer === null) return;
      socket.off('data', onData).off('error', reject).off('close', reject);
      resolve(answer);
    };
    socket.on('data', onData).once('error', reject).once('close', reject);
    socket.write(bytes);
  });
}

/** The body of a whole answer, or null while a part of it is missing. */
function wholeAnswer(text) {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2));
  if (length !== null) {
    const body = text.slice(head + 4);
    return body.length >= Number(length[1]) ? body : null;
  }
  return text.endsWith('\r\n0\r\n\r\n') ? text.slice(head + 4) : null;
}
