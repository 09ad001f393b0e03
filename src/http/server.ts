import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Certificate } from './certificate.ts';

/** A server that does not listen yet. With a certificate it speaks TLS alone, and shows the pair of the moment. */
export function serverOf(
  certificate: Certificate | null,
  options: ServerOptions,
  answer: RequestListener,
): Server {
  if (certificate === null) return createServer(options, answer);
  const server = createSecureServer({ ...options, ...certificate.pair }, answer);
  certificate.onChange((pair) => server.setSecureContext({ ...pair }));
  return server;
}
