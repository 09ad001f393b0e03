import type { Answer } from './exchange.ts';

export const faultKinds = [
  '5xx',
  'masked error',
  'leak',
  'large error',
  'no answer',
  'error line',
  'crash',
  'stall',
  'valid request failed',
  'lost',
  'memory',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Something that a gateway must not do; faults with the same sign are counted as one. */
export interface Fault {
  readonly kind: FaultKind;
  readonly sign: string;
}

/** Answers of the foreign system itself, with the page that documents them. */
const foreign: readonly {
  readonly name: string;
  readonly status: number;
  readonly body: RegExp;
  readonly page: string;
}[] = [
  {
    name: 'SkyWalking /v3/events',
    status: 500,
    // Without a reason it is a failure of ours.
    body: /\r\n\r\nStatus: 500\nDescription: Internal Server Error\nMessage: /,
    page: 'docs/protocols/skywalking.md: not JSON, a value of the wrong type',
  },
  {
    name: "Nomad's sinks",
    status: 500,
    body: /\r\n\r\n(?:\d+ errors? occurred:\n|failed to decode the event sink: |A sink |The sink |There )/,
    page: 'docs/protocols/nomad.md: a sink that Nomad cannot decode or validate',
  },
];

const masked = /Unexpected error|Internal (?:server )?error|INTERNAL_SERVER_ERROR|nobody expected/;

/** Words that only come from stacks, from this machine, or from what the gateway is built with. */
const leaks: readonly RegExp[] = [
  /(?:\n|\\n)\s+at [^\n]{1,200}:\d+:\d+/,
  /node:internal/,
  /node_modules/,
  /\/(?:home|root|work|tmp|usr|var)\/[\w.-]+/,
  /\b(?:PGlite|PostgreSQL|Prisma|JetStream|pothos|graphql-jit)\b/,
  /\bpg_\w+|\bjsonb?path\b|relation "|column "|syntax error at|invalid input syntax|invalid byte sequence|unsupported Unicode/,
  /\bE(?:CONNREFUSED|CONNRESET|NOENT|MFILE|PIPE|NOSPC)\b/,
  /Cannot read propert|is not a function|is not iterable|Cannot convert|Maximum call stack|Invalid array length|Invalid string length/,
  // JavaScript's own words about JSON, but for those that a sentence of ours introduces.
  /(?<!not JSON: )(?:Unexpected token|Unexpected end of JSON|Unexpected non-whitespace)/,
  /URI malformed|Invalid time value|Invalid URL|ERR_[A-Z]+_/,
  /\[object Object\]|function Object\(\)|\bnative code\b/,
];

/** The longest answer to a request with a mistake. */
const maxErrorBytes = 66_000;
/** The playground's page brings a whole program with it. */
const isPage = (text: string): boolean => /Content-Type: text\/html/i.test(text);

/** Everything that is wrong with an answer. */
export function judge(answer: Answer): Fault[] {
  const { text, bytes, answered } = answer;
  const faults = [...failures(answer), ...(isPage(text) ? [] : words(text))];
  if (bytes > maxErrorBytes && isMistake(answer)) {
    faults.push({ kind: 'large error', sign: 'larger than 64 KiB' });
  }
  if (!answered) faults.push({ kind: 'no answer', sign: 'within 20 s' });
  return faults;
}

function words(text: string): Fault[] {
  const faults: Fault[] = [];
  if (masked.test(text)) faults.push({ kind: 'masked error', sign: excerpt(text, masked) });
  const leak = leaks.find((pattern) => pattern.test(text));
  if (leak !== undefined) faults.push({ kind: 'leak', sign: excerpt(text, leak) });
  return faults;
}

function failures({ statuses, grpcStatus, text }: Answer): Fault[] {
  const faults: Fault[] = [];
  for (const status of statuses.filter((each) => each >= 500)) {
    const known = foreign.some((each) => each.status === status && each.body.test(text));
    if (!known) faults.push({ kind: '5xx', sign: `${status} ${plain(bodyOf(text)).slice(0, 80)}` });
  }
  // UNKNOWN, INTERNAL, UNAVAILABLE: the server's own failures in gRPC.
  if (grpcStatus !== null && [2, 13, 14].includes(grpcStatus)) {
    faults.push({ kind: '5xx', sign: `grpc-status ${grpcStatus} ${plain(text).slice(-120)}` });
  }
  return faults;
}

function isMistake({ statuses, text }: Answer): boolean {
  return statuses.some((status) => status >= 400) || /^\{"errors":/.test(bodyOf(text).slice(0, 20));
}

const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

function excerpt(text: string, pattern: RegExp): string {
  const at = text.search(pattern);
  return plain(text.slice(at, at + 60));
}

/** Without the parts that differ from run to run. */
const plain = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replace(/\d+/g, 'N')
    .replace(/x{9,}/g, 'x…')
    .replace(/\s+/g, ' ');

/** The fault that a line of the gateway's log shows; null for a line that is allowed. */
export function judgeLine(line: string): Fault | null {
  let entry: {
    level?: string;
    msg?: string;
    where?: string;
    error?: { type?: string; message?: string; stack?: string };
  };
  try {
    entry = JSON.parse(line);
  } catch {
    return { kind: 'error line', sign: plain(line).slice(0, 160) };
  }
  if (entry.level !== 'error') return null;
  const { msg = '', where = '', error } = entry;
  const frame = error?.stack?.match(/\/((?:dist|src)\/[^\s):]+):\d+/)?.[1] ?? '';
  // JavaScript has a dozen sentences about JSON, for one fault.
  const said = error?.type === 'SyntaxError' ? 'SyntaxError' : plain(error?.message ?? '');
  const sign = `${msg} ${where} ${said.slice(0, 120)} ${frame}`;
  return { kind: 'error line', sign: sign.replace(/\s+/g, ' ').trim() };
}

/** Why a status of 500 and more may be right: for the report. */
export const allowed: readonly string[] = foreign.map(
  ({ name, status, page }) => `${name} ${status}: ${page}`,
);
