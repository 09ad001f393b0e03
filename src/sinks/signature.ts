import { createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';
const newSecretBytes = 32;
const [shortestSecretBytes, longestSecretBytes] = [24, 64];

/** A new secret of a signed webhook: whsec_ and base64. */
export const newWebhookSecret = (): string =>
  `${prefix}${randomBytes(newSecretBytes).toString('base64')}`;

/** The key in a secret; null where it is not 24 to 64 bytes in base64, with or without whsec_ before them. */
export function keyOfSecret(secret: string): Buffer | null {
  const encoded = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return null;
  const key = Buffer.from(encoded, 'base64');
  return key.length >= shortestSecretBytes && key.length <= longestSecretBytes ? key : null;
}

export interface SignedMessage {
  /** The same over all attempts. */
  readonly id: string;
  /** Seconds since 1970, of this attempt. */
  readonly timestampSeconds: number;
  readonly body: string | Buffer;
}

/**
 * The headers of Standard Webhooks 1.0: signed with each key, so that a receiver may know the old one or the new one
 * while secrets are exchanged.
 */
export function signatureHeaders(
  { id, timestampSeconds, body }: SignedMessage,
  keys: readonly Buffer[],
): Record<string, string> {
  const signatures = keys.map((key) => {
    const digest = createHmac('sha256', key).update(`${id}.${timestampSeconds}.`).update(body);
    return `v1,${digest.digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}
