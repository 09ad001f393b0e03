import { accessSync, constants } from 'node:fs';
import { parseDuration } from '../event/duration.ts';
import { type Network, parseNetwork } from './network.ts';

/** Reads the string of an environment variable. */
export interface Reader<Value> {
  /** Ends the sentence "X must be …": "a port". */
  readonly wanted: string;
  /** Undefined where the string is not `wanted`. */
  readonly read: (given: string) => Value | undefined;
}

export const reader = <Value>(
  wanted: string,
  read: (given: string) => Value | undefined,
): Reader<Value> => ({ wanted, read });

/** A variable of the environment. */
export interface Variable<Value> extends Reader<Value> {
  readonly description: string;
  /** Read where the variable is absent; null where it may be. */
  readonly fallback: string | null;
  /** Describes its absence, for README's table. */
  readonly absent: string;
  /** Another variable, without which this one has no meaning. */
  readonly needs?: string;
}

/** The variables of one part of the gateway, by name. */
export type Variables = Readonly<Record<string, Variable<unknown>>>;

export type ValuesOf<Declared extends Variables> = {
  readonly [Name in keyof Declared]: Declared[Name] extends Variable<infer Value> ? Value : never;
};

/** A variable with a default, which is a string like any other. */
export const option = <Value>(
  reader: Reader<Value>,
  fallback: string,
  description: string,
): Variable<Value> => ({ ...reader, description, fallback, absent: '' });

/** A variable that is null where it is absent. */
export const optional = <Value>(
  reader: Reader<Value>,
  description: string,
  absent = '',
): Variable<Value | null> => ({ ...reader, description, fallback: null, absent });

/** A variable that means nothing unless another one is set. */
export const needing = <Value>(other: string, variable: Variable<Value>): Variable<Value> => ({
  ...variable,
  needs: other,
});

export type Reading =
  | { readonly value: unknown }
  /** What the variable must be: "a port". */
  | { readonly wanted: string };

/** @param given undefined where the variable is absent */
export function readVariable(variable: Variable<unknown>, given: string | undefined): Reading {
  const present = given ?? variable.fallback;
  if (present === null) return { value: null };
  const value = variable.read(present);
  return value === undefined ? { wanted: variable.wanted } : { value };
}

export const text: Reader<string> = reader('a string', (given) => given);

export const wholeNumber = (min: number, max: number = Number.MAX_SAFE_INTEGER): Reader<number> =>
  reader(
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number, ${min} or more`
      : `a whole number from ${min} to ${max}`,
    (text) => {
      const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  );

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

export const bytes: Reader<number> = reader(
  'a number of bytes such as 4096, 256KiB or 16MiB',
  (text) => {
    const [, digits, unit = ''] = /^(\d{1,12})(KiB|MiB|GiB)?$/.exec(text) ?? [];
    const count = Number(digits ?? 0) * (byteUnits[unit] ?? 1);
    return count > 0 ? count : undefined;
  },
);

/** Microseconds. */
export const duration: Reader<number> = reader('a length of time such as 30s, 5m or 7d', (text) => {
  try {
    const microseconds = parseDuration(text, []);
    return microseconds > 0 ? microseconds : undefined;
  } catch {
    return undefined;
  }
});

export const flag: Reader<boolean> = reader('true or false', (text) =>
  text === 'true' || text === 'false' ? text === 'true' : undefined,
);

export const oneOf = <const Value extends string>(values: readonly Value[]): Reader<Value> =>
  reader(`one of ${values.join(', ')}`, (text) => values.find((value) => value === text));

/** Names with commas between them; `all` and `none` are all and none of them. */
export const someOf = <const Value extends string>(
  values: readonly Value[],
): Reader<readonly Value[]> =>
  reader(`all, none, or some of ${values.join(', ')}, with commas between them`, (text) => {
    if (text === 'all') return values;
    if (text === 'none') return [];
    const names = list(text);
    return names.every((name) => values.some((value) => value === name))
      ? values.filter((value) => names.includes(value))
      : undefined;
  });

/** Origins as browsers send them, or `*` for every one. */
export const origins: Reader<readonly string[]> = reader(
  '* or origins such as https://console.example.org, with commas between them',
  (text) => {
    const names = list(text);
    return names.every((name) => name === '*' || originOf(name) === name) ? names : undefined;
  },
);

/** URLs by which clients reach the gateway. */
export const publicUrls: Reader<readonly string[]> = reader(
  'an http:// or https:// URL, or several with commas between them',
  (text) => {
    const urls = list(text);
    const good = urls.every((url) => ['http:', 'https:'].includes(urlOf(url)?.protocol ?? ''));
    return good && urls.length > 0 ? urls : undefined;
  },
);

export const postgresUrl: Reader<string> = reader('a postgresql:// URL', (text) =>
  ['postgres:', 'postgresql:'].includes(urlOf(text)?.protocol ?? '') ? text : undefined,
);

export const amqpUrl: Reader<string> = reader('an amqp:// or amqps:// URL', (text) =>
  ['amqp:', 'amqps:'].includes(urlOf(text)?.protocol ?? '') ? text : undefined,
);

/** One or several servers of a cluster. */
export const natsServers: Reader<readonly string[]> = reader(
  'a nats:// or tls:// URL, or several with commas between them',
  (text) => {
    const servers = list(text);
    const good = ({ protocol, hostname }: URL) =>
      ['nats:', 'tls:'].includes(protocol) && hostname !== '';
    const urls = servers.map(urlOf);
    return servers.length > 0 && urls.every((url) => url !== null && good(url))
      ? servers
      : undefined;
  },
);

/** Names with commas between them. */
export const names: Reader<readonly string[]> = reader('names with commas between them', (text) => {
  const entries = list(text);
  return entries.length > 0 ? entries : undefined;
});

/** `host:port` each. */
export const addresses: Reader<readonly string[]> = reader(
  'host:port, or several with commas between them',
  (text) => {
    const entries = list(text);
    const good = entries.every((entry) => /^[^\s:/]+:\d{1,5}$/.test(entry));
    return good && entries.length > 0 ? entries : undefined;
  },
);

/** Networks in CIDR notation, or single addresses. */
export const networks: Reader<readonly Network[]> = reader(
  'networks such as 10.0.0.0/8 or fd00::/8, with commas between them',
  (text) => {
    const parsed = list(text).map(parseNetwork);
    const good = parsed.filter((network) => network !== null);
    return good.length === parsed.length && good.length > 0 ? good : undefined;
  },
);

export const secretKey: Reader<string> = reader('at least 16 characters', (text) =>
  text.length >= 16 ? text : undefined,
);

export const httpAddress: Reader<string> = reader('an http:// or https:// URL', (text) =>
  ['http:', 'https:'].includes(urlOf(text)?.protocol ?? '') ? text : undefined,
);

/** A JetStream name: without white space, dots and wildcards. */
export const streamName: Reader<string> = reader(
  'a JetStream name: letters, digits, - and _',
  (text) => (/^[\w-]{1,255}$/.test(text) ? text : undefined),
);

export const readableFile: Reader<string> = reader('a file that can be read', (path) => {
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch {
    return undefined;
  }
});

/** The entries of a list with commas between them. */
export const list = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const urlOf = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);
const originOf = (text: string): string | null => urlOf(text)?.origin ?? null;
