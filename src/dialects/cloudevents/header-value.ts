import { CloudEventError } from './cloud-event.ts';

const unsafe = /[^\x21-\x7e]|["%]/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An attribute as the value of a header of HTTP or NATS: percent-encoded where it is not plain ASCII. */
export function encodeHeaderValue(value: string): string {
  if (!unsafe.test(value)) return value;
  return Array.from(value, (character) =>
    unsafe.test(character) ? percentEncoded(character) : character,
  ).join('');
}

const percentEncoded = (character: string): string =>
  Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '%$&');

/**
 * The attribute in a header. Quotes are removed first and percent-encoding is decoded once. A percent sign without two
 * digits stays, as older senders do not encode it.
 * @param latin1 the value, a character for each of its bytes
 * @throws CloudEventError where it is not UTF-8
 */
export function decodeHeaderValue(name: string, latin1: string): string {
  const trimmed = latin1.trim();
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(trimmed)?.[1];
  const encoded = quoted === undefined ? trimmed : quoted.replace(/\\(.)/gs, '$1');
  if (!unsafe.test(encoded)) return encoded;
  const bytes = encoded.replace(/%([\da-fA-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch (cause) {
    throw new CloudEventError(`The header ${name} is not UTF-8, percent-encoded.`, { cause });
  }
}
