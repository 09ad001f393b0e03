import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { credentialOf } from '../access/credential.ts';
import { Forbidden, Unauthenticated } from '../access/principal.ts';
import type { Certificate } from '../http/certificate.ts';
import type { Headers } from '../http/reply.ts';
import { serverOf } from '../http/server.ts';
import { retryAfter, Unavailable } from '../runtime/unavailable.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import type { Identify } from './caller.ts';

export interface OwnPortSettings {
  readonly host: string;
  readonly port: number;
  /** Null where it speaks HTTP without TLS. */
  readonly certificate: Certificate | null;
  /** Null where everybody may read. */
  readonly identify: Identify | null;
}

export interface OwnPort extends AsyncDisposable {
  /** The port that is open, where 0 was asked for. */
  readonly port: number;
}

/** A Prometheus server, a user interface, and a few people. */
const maxConnections = 64;

/**
 * Opens the port of a page that a foreign system serves on a port of its own.
 * @param path of the page, for the error
 * @throws Error with a sentence when the port cannot be opened
 */
export async function openOwnPort(
  { host, port, certificate }: Pick<OwnPortSettings, 'host' | 'port' | 'certificate'>,
  path: string,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<OwnPort> {
  const server = serverOf(certificate, {}, (request, response) => void answer(request, response));
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`Cannot listen on ${host}:${port} for ${path}.`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * The page is about events of all namespaces.
 * @param shows whether it counts events alone, or shows what they say
 * @throws Unauthenticated; Forbidden for those who may not read them all, or not whole
 */
export async function requireReadingAll(
  identify: Identify | null,
  { headers }: IncomingMessage,
  shows: 'COUNTS' | 'CONTENTS',
): Promise<void> {
  const caller = await identify?.(credentialOf(headers));
  if (!caller) return;
  const { mayEverywhere, hidden } = caller.context.scope;
  if (!mayEverywhere('READ') || (shows === 'CONTENTS' && hidden.size > 0)) {
    throw new Forbidden('READ');
  }
}

export interface PageFault {
  readonly status: number;
  readonly message: string;
  readonly headers?: Headers;
}

const challenge: Headers = { 'WWW-Authenticate': 'Bearer realm="tidings", Basic realm="tidings"' };

/** The answer to an error, which is logged where nobody expects it. @param where as the log calls the page */
export function pageFault(error: unknown, log: Log, where: string): PageFault {
  if (error instanceof Unauthenticated) {
    return { status: 401, message: error.message, headers: challenge };
  }
  if (error instanceof Forbidden) return { status: 403, message: error.message };
  if (error instanceof Unavailable) {
    return { status: error.status, message: error.message, headers: retryAfter(error) };
  }
  logUnexpectedError(log, { error, where });
  return { status: 500, message: 'Internal error.' };
}
