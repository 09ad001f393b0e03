import type { DialectContext } from '../dialect.ts';

/** One request to Vamp's API, by HTTP or by WebSocket. */
export interface Call {
  /** The intake, store and feeds within the rights of the caller. */
  readonly context: DialectContext;
  readonly method: string;
  readonly namespace: string;
  /** After /api/v1: ['events', 'stream']. */
  readonly path: readonly string[];
  /** As the client wrote it, with its parameters: links are built from it. */
  readonly url: URL;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

export interface Route {
  /** Null: the socket of the WebSocket multiplexer. */
  readonly path: readonly string[] | null;
  readonly namespace: string | null;
}

/** /api/v1/… or /websocket, with or without a namespace before it; null for the paths of others. */
export function routeOf(pathname: string): Route | null {
  const segments = decoded(segmentsOf(pathname));
  if (segments === null) return null;
  return routeIn(segments, null) ?? routeIn(segments.slice(1), segments[0] || null);
}

function routeIn(segments: readonly string[], namespace: string | null): Route | null {
  const [first, second, ...path] = segments;
  if (first === 'websocket' && second === undefined) return { path: null, namespace };
  return first === 'api' && second === 'v1' ? { path, namespace } : null;
}

/** The first segments of the paths after /api/v1. */
const resources = new Set(['events', 'health', 'metrics', 'stats', 'statistics']);

/** A path in a WebSocket message: as in HTTP, or the short form that Vamp's clients send: /events, /namespace/events. */
export function socketRouteOf(pathname: string): Route | null {
  const route = routeOf(pathname);
  if (route !== null) return route;
  const segments = decoded(segmentsOf(pathname));
  if (segments === null) return null;
  const [first = '', ...rest] = segments;
  return resources.has(first)
    ? { path: segments, namespace: null }
    : { path: rest, namespace: first || null };
}

const segmentsOf = (pathname: string): string[] =>
  pathname.replace(/^\//, '').replace(/\/$/, '').split('/');

/** Each segment on its own, as a name may contain an encoded slash. */
function decoded(segments: readonly string[]): string[] | null {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return null;
  }
}
