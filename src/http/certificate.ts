import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Log } from '../telemetry/log.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate with those that it is signed by, and its private key, both as PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** The certificate that the gateway's ports show. */
export class Certificate {
  readonly #files: CertificateFiles;
  readonly #log: Log;
  readonly #changed: ((pair: CertificatePair) => void)[] = [];
  #pair: CertificatePair;

  private constructor(files: CertificateFiles, pair: CertificatePair, log: Log) {
    this.#files = files;
    this.#pair = pair;
    this.#log = log;
  }

  /** @throws Error with a sentence where the files are not a pair */
  static async open(files: CertificateFiles, log: Log): Promise<Certificate> {
    return new Certificate(files, await readPair(files), log);
  }

  get pair(): CertificatePair {
    return this.#pair;
  }

  /** Calls back with each pair that replaces the one before. */
  onChange(changed: (pair: CertificatePair) => void): void {
    this.#changed.push(changed);
  }

  /** Reads the files again. Never rejects: with a bad pair the one before stays. */
  async reload(): Promise<void> {
    try {
      const pair = await readPair(this.#files);
      if (pair.cert === this.#pair.cert && pair.key === this.#pair.key) return;
      this.#pair = pair;
      for (const changed of this.#changed) changed(pair);
      this.#log.info('The certificate was read again: new connections are shown it.');
    } catch (error) {
      const { message: reason } = error as Error;
      this.#log.error({ reason }, 'The new certificate was not taken: the one before stays.');
    }
  }
}

async function readPair({ certFile, keyFile }: CertificateFiles): Promise<CertificatePair> {
  const names = `TIDINGS_TLS_CERT (${certFile}) and TIDINGS_TLS_KEY (${keyFile})`;
  try {
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    const pair = { cert, key };
    // Fails where one of them is none, or the key is that of another certificate.
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    throw new Error(
      `${names} are not a certificate and its private key in PEM: ${(cause as Error).message}.`,
      { cause },
    );
  }
}
