import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 } from 'uuid';
import type { Audit } from '../access/audit.ts';
import type { NewToken, TokenStore } from '../store/tokens.ts';
import type { Log } from '../telemetry/log.ts';

const everyMs = 1_000;
/** Whoever may write here may write the database itself. */
const folderIn = (dataDirectory: string): string => join(dataDirectory, 'new-tokens');

interface Pending {
  readonly token: NewToken;
  readonly digest: string;
}

/** Leaves a token for the gateway that has the data directory, now or when it starts. */
export async function leaveToken(
  dataDirectory: string,
  token: NewToken,
  digest: string,
): Promise<void> {
  const folder = folderIn(dataDirectory);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${v7()}.json`);
  // Under another name first, so that half a file is never read.
  await writeFile(`${file}.part`, JSON.stringify({ token, digest } satisfies Pending), {
    mode: 0o600,
  });
  await rename(`${file}.part`, file);
}

/** Takes over the tokens that were left in the data directory. */
export class PendingTokens implements AsyncDisposable {
  readonly #folder: string;
  readonly #tokens: TokenStore;
  readonly #audit: Audit;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #taking: Promise<void>;

  constructor(
    dataDirectory: string,
    tokens: TokenStore,
    { audit, log }: { readonly audit: Audit; readonly log: Log },
  ) {
    this.#folder = folderIn(dataDirectory);
    this.#tokens = tokens;
    this.#audit = audit;
    this.#log = log;
    this.#taking = this.#take();
    this.#timer = setInterval(() => {
      this.#taking = this.#taking.then(() => this.#take());
    }, everyMs).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#taking;
  }

  async #take(): Promise<void> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    for (const name of names.filter((each) => each.endsWith('.json'))) {
      const file = join(this.#folder, name);
      try {
        const { token, digest } = JSON.parse(await readFile(file, 'utf8')) as Pending;
        const { id, name, roles } = await this.#tokens.create(token, digest);
        await rm(file);
        const message = 'A token was created on this machine.';
        this.#log.info({ name, roles }, message);
        this.#audit.record({
          action: 'CreateToken',
          by: null,
          key: id,
          message,
          facts: { name, roles: roles.join(', ') },
        });
      } catch (error) {
        this.#log.error(
          { error, file },
          'A token that was left in the data directory was not taken.',
        );
      }
    }
  }
}
