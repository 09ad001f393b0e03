import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import type { Input } from './input.ts';

/** The answer of the gateway. */
export interface Answer {
  /** Of HTTP; none where the bytes are no HTTP answer. */
  readonly statuses: readonly number[];
  /** Of gRPC; null elsewhere. */
  readonly grpcStatus: number | null;
  readonly text: string;
  readonly bytes: number;
  readonly ms: number;
  /** False where a whole request had no answer by the deadline. */
  readonly answered: boolean;
}

export interface Ports {
  readonly http: number;
  readonly grpc: number;
}

const deadlineMs = 20_000;
/** A feed that was quiet for this time has begun. */
const quietMs = 40;
/** Where perhaps nothing is answered. */
const silenceMs = 150;
const maxRead = 4 * 1024 * 1024;

export function exchange(ports: Ports, input: Input): Promise<Answer> {
  return input.over === 'grpc'
    ? callGrpc(ports.grpc, input.path, input.bytes)
    : sendBytes(ports[input.port], input.bytes, input.until === 'answer');
}

function sendBytes(port: number, bytes: Buffer, isWhole: boolean): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let read = 0;
    let quiet: NodeJS.Timeout | undefined;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const end = (answered: boolean): void => {
      clearTimeout(deadline);
      clearTimeout(quiet);
      socket.destroy();
      const ms = performance.now() - began;
      resolve({ ...readAnswer(Buffer.concat(chunks)), bytes: read, ms, answered });
    };
    const deadline = setTimeout(() => end(!isWhole), deadlineMs);
    const wait = (ms: number): void => {
      clearTimeout(quiet);
      quiet = setTimeout(() => end(true), ms);
    };
    socket.once('connect', () => {
      socket.write(bytes);
      if (!isWhole) wait(silenceMs);
    });
    socket.on('data', (chunk) => {
      read += chunk.length;
      if (read <= maxRead) chunks.push(chunk);
      wait(quietMs);
    });
    socket.once('close', () => end(true));
    // A gateway that cuts off is as good as one that answers; one that has died is found by the probe.
    socket.on('error', () => end(true));
  });
}

function readAnswer(bytes: Buffer): Pick<Answer, 'statuses' | 'grpcStatus' | 'text'> {
  const text = bytes.toString();
  const statuses = [...text.matchAll(/(?:^|\n|[}>])HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) =>
    Number(status),
  );
  return { statuses, grpcStatus: null, text };
}

function callGrpc(port: number, path: string, bytes: Buffer): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    let grpcStatus: number | null = null;
    const parts: string[] = [];
    const end = (answered: boolean): void => {
      clearTimeout(deadline);
      session.destroy();
      const text = parts.join('\n');
      const ms = performance.now() - began;
      resolve({ statuses: [], grpcStatus, text, bytes: text.length, ms, answered });
    };
    const deadline = setTimeout(() => end(false), deadlineMs);
    session.on('error', () => end(true));
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers['grpc-status'] !== undefined) grpcStatus = Number(headers['grpc-status']);
      parts.push(JSON.stringify(headers));
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', () => undefined);
    stream.on('error', () => undefined);
    stream.once('close', () => end(true));
    stream.end(bytes);
  });
}
