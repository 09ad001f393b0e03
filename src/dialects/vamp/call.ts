/** One request to Vamp's API, whether it came by HTTP or through the WebSocket. */
export interface Call {
  readonly method: string;
  readonly namespace: string;
  /** Behind /api/v1: ['events', 'stream']. */
  readonly path: readonly string[];
  /** As the client wrote it, with its parameters: what links are made of. */
  readonly url: URL;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

export interface Place {
  /** Null: the socket of the WebSocket multiplexer. */
  readonly path: readonly string[] | null;
  readonly namespace: string | null;
}

/** /api/v1/… or /websocket, with or without a namespace before it; null for the paths of others. */
export function placeOf(pathname: string): Place | null {
  const segments = decoded(segmentsOf(pathname));
  if (segments === null) return null;
  return placeIn(segments, null) ?? placeIn(segments.slice(1), segments[0] || null);
}

function placeIn(segments: readonly string[], namespace: string | null): Place | null {
  const [first, second, ...path] = segments;
  if (first === 'websocket' && second === undefined) return { path: null, namespace };
  return first === 'api' && second === 'v1' ? { path, namespace } : null;
}

/** The first words of the paths behind /api/v1. */
const resources = new Set(['events', 'health', 'metrics', 'stats', 'statistics']);

/** A path within the WebSocket: as in HTTP, or the short one that Vamp's clients send, /events or /namespace/events. */
export function socketPlaceOf(pathname: string): Place | null {
  const place = placeOf(pathname);
  if (place !== null) return place;
  const segments = decoded(segmentsOf(pathname));
  if (segments === null) return null;
  const [first = '', ...rest] = segments;
  return resources.has(first)
    ? { path: segments, namespace: null }
    : { path: rest, namespace: first || null };
}

const segmentsOf = (pathname: string): string[] =>
  pathname.replace(/^\//, '').replace(/\/$/, '').split('/');

/** Each segment for itself, as a name may hold a slash. */
function decoded(segments: readonly string[]): string[] | null {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return null;
  }
}
