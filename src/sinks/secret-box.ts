import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const prefix = 'v1.';
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts what must not be read from the database: AES-256-GCM under the gateway's secret key. */
export class SecretBox {
  readonly #key: Buffer;

  /** @param secretKey TIDINGS_SECRET_KEY: any text; its SHA-256 is the key */
  constructor(secretKey: string) {
    this.#key = createHash('sha256').update(secretKey).digest();
  }

  /** @param purpose what the secret belongs to: it can only be opened for the same */
  seal(secret: string, purpose: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return `${prefix}${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
  }

  /** @throws Error when it was sealed with another key, for another purpose, or was changed */
  open(sealed: string, purpose: string): string {
    const bytes = Buffer.from(sealed.slice(prefix.length), 'base64url');
    const nonce = bytes.subarray(0, nonceBytes);
    const tag = bytes.subarray(nonceBytes, nonceBytes + tagBytes);
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce)
        .setAAD(Buffer.from(purpose))
        .setAuthTag(tag);
      const text = decipher.update(bytes.subarray(nonceBytes + tagBytes));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch (error) {
      throw new Error(
        'A secret cannot be read: TIDINGS_SECRET_KEY is not the one it was kept with.',
        {
          cause: error,
        },
      );
    }
  }
}
