import { isAbsolute } from 'node:path';
import { amqpUrls } from '../amqp/url.ts';

/** Where a pipeline publishes events to, as its URL says. */
export type Publisher =
  | HttpPublisher
  | NotifierPublisher
  | FilePublisher
  | { readonly kind: 'TEST' };

export interface HttpPublisher {
  readonly kind: 'HTTP';
  /** Without the publisher's own parameters and credentials. */
  readonly url: string;
  /** For Basic authentication: user:password; null without a user. */
  readonly credentials: string | null;
  readonly timeoutMs: number;
  /** Whether a body is an array of events, instead of one. */
  readonly batch: boolean;
  /** Whether a body is the payload of the notification. */
  readonly rawOnly: boolean;
  readonly verify: boolean;
  /** Paths of files. */
  readonly authorities: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
}

export interface NotifierPublisher {
  readonly kind: 'NOTIFIER';
  /** The brokers of one cluster; null for the broker of AMQP_URL. */
  readonly brokers: readonly string[] | null;
  readonly topics: readonly string[];
}

export interface FilePublisher {
  readonly kind: 'FILE';
  readonly path: string;
  /** Null for a file that is never put aside. */
  readonly maxBytes: number | null;
  readonly keep: number;
  /** JSON lines; else Python's text of a dict. */
  readonly json: boolean;
}

/** A publisher that Ceilometer only logs as one that it cannot load; the message is a clause that says why. */
export class UnloadablePublisher extends Error {
  override readonly name = 'UnloadablePublisher';
}

/** A publisher that Ceilometer has and Tidings has not: a file with it is rejected. */
export class MissingPublisher extends Error {
  override readonly name = 'MissingPublisher';
}

const defaultTimeoutSeconds = 5;
/** The limits of a time-out. */
const [shortestTimeoutMs, longestTimeoutMs] = [100, 60_000];

const form = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)([^?#]*)(?:\?([^#]*))?/is;

interface Parts {
  readonly scheme: string;
  readonly credentials: string | null;
  readonly host: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
}

/** @throws UnloadablePublisher, MissingPublisher */
export function parsePublisher(text: string): Publisher {
  const [, scheme = '', credentials = null, host = '', path = '', query = ''] =
    form.exec(text) ?? [];
  const parts = { scheme: scheme.toLowerCase(), credentials, host, path };
  const read = readers[parts.scheme];
  if (read === undefined) throw new UnloadablePublisher(`there is no publisher ${scheme}://`);
  return read({ ...parts, parameters: new URLSearchParams(query) });
}

const samplesOnly = ({ scheme }: Parts): never => {
  throw new UnloadablePublisher(`${scheme}:// publishes samples, not events`);
};

const missing = ({ scheme }: Parts): never => {
  throw new MissingPublisher(
    `Publisher ${scheme}:// is not supported. Use http, https, notifier, file or test`,
  );
};

const readers: Readonly<Record<string, (parts: Parts) => Publisher>> = {
  http: readHttp,
  https: readHttp,
  notifier: readNotifier,
  file: readFile,
  test: () => ({ kind: 'TEST' }),
  gnocchi: missing,
  zaqar: missing,
  udp: samplesOnly,
  tcp: samplesOnly,
  prometheus: samplesOnly,
  opentelemetryhttp: samplesOnly,
};

function readHttp({ scheme, credentials, host, path, parameters }: Parts): HttpPublisher {
  /** Takes a parameter out of the URL: the last of repeated values counts. */
  const taken = (name: string): string | null => {
    const value =
      parameters
        .getAll(name)
        .filter((each) => each !== '')
        .at(-1) ?? null;
    parameters.delete(name);
    return value;
  };
  const seconds = Number(taken('timeout') ?? defaultTimeoutSeconds);
  if (!(seconds > 0)) throw new UnloadablePublisher('timeout is not a number of seconds');
  // Deliveries are tried again as long as their sink says.
  taken('max_retries');
  const verify = taken('verify_ssl');
  const batch = taken('batch');
  const publisher = {
    kind: 'HTTP' as const,
    timeoutMs: Math.min(Math.max(seconds * 1_000, shortestTimeoutMs), longestTimeoutMs),
    batch: batch === null || isTrue(batch),
    rawOnly: isTrue(taken('raw_only') ?? ''),
    verify: verify === null || !isFalse(verify),
    authorities: verify === null || isTrue(verify) || isFalse(verify) ? null : verify,
    certificate: taken('clientcert'),
    key: taken('clientkey'),
    credentials: credentials === null || /^(:|$)/.test(credentials) ? null : credentials,
  };
  const rest = parameters.toString();
  const url = `${scheme}://${host}${path}${rest === '' ? '' : `?${rest}`}`;
  if (host === '' || !URL.canParse(url)) throw new UnloadablePublisher('it names no host');
  return { ...publisher, url };
}

/** As oslo's strutils reads them. */
const isTrue = (text: string): boolean => /^\s*(1|t|true|on|y|yes)\s*$/i.test(text);
const isFalse = (text: string): boolean => /^\s*(0|f|false|off|n|no)\s*$/i.test(text);

function readNotifier({ credentials, host, path, parameters }: Parts): NotifierPublisher {
  const driver = parameters.get('driver') ?? 'rabbit';
  if (driver !== 'rabbit') {
    throw new UnloadablePublisher(`the driver ${driver} is not supported: rabbit is`);
  }
  const given = parameters.getAll('topic').filter((topic) => topic !== '');
  const topics = given.length === 0 ? ['event'] : given;
  if (host === '') return { kind: 'NOTIFIER', brokers: null, topics };
  try {
    const address = `${credentials === null ? '' : `${credentials}@`}${host}`;
    return { kind: 'NOTIFIER', brokers: amqpUrls(`rabbit://${address}${path}`), topics };
  } catch (cause) {
    throw new UnloadablePublisher('it is not an address of RabbitMQ', { cause });
  }
}

function readFile({ host, path, parameters }: Parts): FilePublisher {
  const file = decodeURIComponent(path);
  if (host !== '' || !isAbsolute(file)) {
    throw new UnloadablePublisher('The path for the file publisher is required');
  }
  const [maxBytes, keep] = ['max_bytes', 'backup_count'].map((name) => parameters.get(name));
  const json = parameters.has('json');
  if (!maxBytes || !keep) return { kind: 'FILE', path: file, maxBytes: null, keep: 1, json };
  if (![maxBytes, keep].every((number) => /^\d{1,15}$/.test(number))) {
    throw new UnloadablePublisher('max_bytes and backup_count should be numbers.');
  }
  const never = Number(maxBytes) === 0 || Number(keep) === 0;
  return {
    kind: 'FILE',
    path: file,
    maxBytes: never ? null : Number(maxBytes),
    keep: Math.max(1, Number(keep)),
    json,
  };
}
