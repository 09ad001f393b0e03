import { parseDuration } from '../event/duration.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { keyOfSecret } from './signature.ts';
import { compileTokens, type TokenTemplate } from './template.ts';

/** A target as a caller describes it: the members of GraphQL's SinkTargetInput, exactly one of which is given. */
export interface TargetInput {
  readonly webhook?: WebhookInput | null | undefined;
  readonly nats?: { readonly subject: string } | null | undefined;
  readonly kafka?: { readonly topic: string } | null | undefined;
  readonly amqp?: { readonly exchange: string; readonly routingKey: string } | null | undefined;
  readonly file?: FileInput | null | undefined;
}

interface WebhookInput {
  readonly url: string;
  /** Kept as they are where they are left out of an update. */
  readonly headers?: readonly HeaderInput[] | null | undefined;
  readonly signed: boolean;
  readonly secret?: string | null | undefined;
  readonly timeout: string;
  readonly handshake: boolean;
}

interface HeaderInput {
  readonly name: string;
  readonly value: string;
}

interface FileInput {
  readonly path: string;
  readonly maxBytes?: number | null | undefined;
  readonly keep?: number | null | undefined;
}

/** A target that can be opened; what is secret of it is kept apart. */
export type TargetSpec =
  | {
      readonly kind: 'WEBHOOK';
      readonly url: string;
      readonly headerNames: readonly string[];
      readonly signed: boolean;
      readonly timeout: string;
      readonly timeoutMs: number;
      readonly handshake: boolean;
    }
  | { readonly kind: 'NATS'; readonly subject: string; readonly subjectOf: TokenTemplate }
  | { readonly kind: 'KAFKA'; readonly topic: string }
  | { readonly kind: 'AMQP'; readonly exchange: string; readonly routingKey: string }
  | {
      readonly kind: 'FILE';
      readonly path: string;
      readonly maxBytes: number;
      readonly keep: number;
    };

const longestUrl = 2_048;
const maxHeaders = 32;
const maxHeaderBytes = 8_192;
const [shortestTimeoutMs, longestTimeoutMs] = [100, 60_000];
const defaultFileBytes = 100 * 2 ** 20;
const defaultFilesKept = 5;
/** What every delivery sets itself, or what would let a caller speak another HTTP. */
const reservedHeaders =
  /^(content-type|content-length|host|connection|transfer-encoding|upgrade|expect|te|trailer|keep-alive|proxy-.*|webhook-.*|tidings-.*|ce-.*)$/i;

/** @throws InputError with the field at fault */
export function parseTarget(target: TargetInput, path: readonly string[]): TargetSpec {
  const { webhook, nats, kafka, amqp, file } = target;
  if (webhook != null) return parseWebhook(webhook, [...path, 'webhook']);
  if (nats != null) return parseNats(nats.subject, [...path, 'nats', 'subject']);
  if (kafka != null) return parseKafka(kafka.topic, [...path, 'kafka', 'topic']);
  if (amqp != null) return parseAmqp(amqp, [...path, 'amqp']);
  if (file != null) return parseFile(file, [...path, 'file']);
  throw new InputError(path, 'A target is one of webhook, nats, kafka, amqp and file.');
}

function parseWebhook(webhook: WebhookInput, path: readonly string[]): TargetSpec {
  const { url, headers, signed, secret, timeout, handshake } = webhook;
  checkUrl(url, [...path, 'url']);
  checkHeaders(headers ?? [], [...path, 'headers']);
  if (secret != null && !signed) {
    throw new InputError([...path, 'secret'], 'Only a signed webhook has a secret.');
  }
  if (secret != null && keyOfSecret(secret) === null) {
    throw new InputError(
      [...path, 'secret'],
      'A secret is 24 to 64 random bytes in base64, with or without whsec_ before them.',
    );
  }
  const timeoutMs = parseDuration(timeout, [...path, 'timeout']) / 1_000;
  if (timeoutMs < shortestTimeoutMs || timeoutMs > longestTimeoutMs) {
    throw new InputError(
      [...path, 'timeout'],
      `A time-out is between 100ms and 60s, got ${timeout}.`,
    );
  }
  const headerNames = (headers ?? []).map(({ name }) => name);
  return { kind: 'WEBHOOK', url, headerNames, signed, timeout, timeoutMs, handshake };
}

function checkUrl(text: string, path: readonly string[]): void {
  const url = text.length <= longestUrl && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new InputError(path, `${quoted(text)} is not an http:// or https:// URL.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new InputError(path, 'Give credentials as an Authorization header, not in the URL.');
  }
}

function checkHeaders(headers: readonly HeaderInput[], path: readonly string[]): void {
  if (headers.length > maxHeaders) {
    throw new InputError(
      path,
      `A webhook has at most ${maxHeaders} headers, not ${headers.length}.`,
    );
  }
  const seen = new Set<string>();
  for (const [position, { name, value }] of headers.entries()) {
    const at = [...path, String(position)];
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name)) {
      throw new InputError([...at, 'name'], `${quoted(name)} is not the name of a header.`);
    }
    if (reservedHeaders.test(name)) {
      throw new InputError([...at, 'name'], `The header ${name} is set by the gateway itself.`);
    }
    if (seen.has(name.toLowerCase())) {
      throw new InputError([...at, 'name'], `The header ${name} is given twice.`);
    }
    seen.add(name.toLowerCase());
    if (!/^[\t\x20-\x7e]*$/.test(value) || value.length > maxHeaderBytes) {
      throw new InputError(
        [...at, 'value'],
        `A header has at most ${maxHeaderBytes} printable ASCII characters.`,
      );
    }
  }
}

/** The first token is fixed, and none of those that NATS or its clients use for themselves. */
function parseNats(subject: string, path: readonly string[]): TargetSpec {
  const subjectOf = compileTokens(subject, path);
  const isSubject = /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject.replace(/\{[^}]*\}/g, 'x'));
  if (isSubject && /^[^{$_]/.test(subject)) return { kind: 'NATS', subject, subjectOf };
  throw new InputError(
    path,
    `${quoted(subject)} is not a subject to publish to: write tokens with dots between them, the first a fixed one ` +
      'that begins neither with $ nor with _.',
  );
}

function parseKafka(topic: string, path: readonly string[]): TargetSpec {
  if (/^(?!\.{1,2}$)[\w.-]{1,249}$/.test(topic)) return { kind: 'KAFKA', topic };
  throw new InputError(
    path,
    `${quoted(topic)} is not the name of a topic: write 1 to 249 letters, digits, dots, _ and -.`,
  );
}

const maxShortStringBytes = 255;

function parseAmqp(
  target: { readonly exchange: string; readonly routingKey: string },
  path: readonly string[],
): TargetSpec {
  const { exchange, routingKey } = target;
  for (const [name, text] of Object.entries({ exchange, routingKey })) {
    const length = Buffer.byteLength(text);
    if (length > maxShortStringBytes) {
      throw new InputError(
        [...path, name],
        `${name} has at most ${maxShortStringBytes} bytes, not ${length}.`,
      );
    }
  }
  return { kind: 'AMQP', exchange, routingKey };
}

function parseFile({ path: file, maxBytes, keep }: FileInput, path: readonly string[]): TargetSpec {
  if (!file.startsWith('/') || file.includes('\0')) {
    throw new InputError([...path, 'path'], `${quoted(file)} is not an absolute path.`);
  }
  for (const [name, value] of Object.entries({ maxBytes, keep })) {
    if (value != null && value < 1) {
      throw new InputError([...path, name], `${name} must be at least 1, got ${value}.`);
    }
  }
  return {
    kind: 'FILE',
    path: file,
    maxBytes: maxBytes ?? defaultFileBytes,
    keep: keep ?? defaultFilesKept,
  };
}
