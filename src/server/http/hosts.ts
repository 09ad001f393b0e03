import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Which requests are meant for this gateway, and which pages may send them. */
export interface HostRules {
  /** Null where it is meant for this gateway, else how to answer it. */
  fault(request: IncomingMessage): HostFault | null;
  /** Whether a page of the request's origin, if it has one, may call the gateway. */
  isAllowedOrigin(request: IncomingMessage): boolean;
}

interface HostFault {
  readonly status: 400 | 421;
  readonly message: string;
}

export interface HostOptions {
  /** The address or name that the gateway listens on. */
  readonly host: string;
  /** Whether it is reached by https. */
  readonly secure?: boolean;
  /** URLs by which clients reach the gateway. */
  readonly publicUrls: readonly string[];
  /** Other origins whose pages may call the gateway; `*` for all. */
  readonly corsOrigins: readonly string[];
}

const badHost: HostFault = { status: 400, message: 'The Host header is not a host.' };
const unknownHost: HostFault = {
  status: 421,
  message: 'This gateway is not known by the name in the Host header: TIDINGS_PUBLIC_URL names it.',
};

/**
 * A page of another site can give its own name the address of this gateway (DNS rebinding), and its requests then have
 * equal Host and Origin. So names in Host must be known; IP addresses cannot be given that way.
 */
export function createHostRules({
  host,
  publicUrls,
  corsOrigins,
  secure = false,
}: HostOptions): HostRules {
  const urls = publicUrls.map((url) => new URL(url));
  const names = new Set(['localhost', host.toLowerCase(), ...urls.map(({ hostname }) => hostname)]);
  const origins = new Set([...corsOrigins, ...urls.map(({ origin }) => origin)]);
  const everyone = corsOrigins.includes('*');
  /** Nearly every request has the Host of the one before. */
  let lastKnown: string | undefined;

  function faultOf(called: string): HostFault | null {
    const hostname = urlOf(called)?.hostname;
    if (hostname === undefined) return badHost;
    if (!names.has(hostname) && !isAddress(hostname)) return unknownHost;
    lastKnown = called;
    return null;
  }

  return {
    fault({ headers }) {
      // Only HTTP/1.0 allows its absence, and no browser speaks that.
      if (headers.host === undefined || headers.host === lastKnown) return null;
      return faultOf(headers.host);
    },
    isAllowedOrigin({ headers: { origin, host: called } }) {
      if (origin === undefined || everyone || origins.has(origin)) return true;
      const own = called === undefined ? null : urlOf(called, secure ? 'https' : 'http');
      return own !== null && origin === own.origin;
    },
  };
}

/** Of a Host header; null where it holds more or less than a host and a port. */
function urlOf(host: string, scheme: 'http' | 'https' = 'http'): URL | null {
  const text = `${scheme}://${host}`;
  if (!/^[^\s/?#@\\]+$/.test(host) || !URL.canParse(text)) return null;
  return new URL(text);
}

const isAddress = (hostname: string): boolean => isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
