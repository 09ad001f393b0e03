import { InputError } from '../event/input-error.ts';
import type { SinkRow } from '../store/sinks/sink-table.ts';
import type { SecretBox } from './secret-box.ts';
import { keyOfSecret, newWebhookSecret } from './signature.ts';
import type { SinkInput } from './spec.ts';

/** A secret that messages are signed with. */
interface SigningSecret {
  readonly secret: string;
  /** Milliseconds since 1970; null for the one that is in force. */
  readonly untilMs: number | null;
}

/** The parts of a sink that nobody is shown. */
export interface SinkSecrets {
  /** The newest first. */
  readonly signing: readonly SigningSecret[];
  readonly headers: Readonly<Record<string, string>>;
}

const none: SinkSecrets = { signing: [], headers: {} };

/** The secrets and the target of a sink before a change. */
interface Before {
  readonly secrets: SinkSecrets;
  /** Of its webhook; null where it had none. */
  readonly url: string | null;
}

const nothingBefore: Before = { secrets: none, url: null };

/** Keys to sign with at this moment, the newest first. */
export const signingKeys = ({ signing }: SinkSecrets): readonly Buffer[] =>
  signing
    .filter(({ untilMs }) => untilMs === null || untilMs > Date.now())
    .flatMap(({ secret }) => keyOfSecret(secret) ?? []);

/** PagerDuty's key, as a header. */
export const routingKeyOf = ({ headers }: SinkSecrets): string | null =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'x-routing-key')?.[1] ?? null;

/**
 * An input as it can be kept, and what is secret of it. What is left out stays as it was.
 * @throws InputError where the values of headers would be sent to another server than they were given for
 */
export function separated(
  input: SinkInput,
  { secrets: before, url: urlBefore }: Before = nothingBefore,
): { readonly input: SinkInput; readonly secrets: SinkSecrets; readonly made: string | null } {
  const { webhook } = input.target;
  if (webhook == null) return { input, secrets: none, made: null };
  const { secret, ...rest } = webhook;
  if (webhook.headers == null && Object.keys(before.headers).length > 0) {
    requireSameServer(webhook.url, urlBefore);
  }
  const headers =
    webhook.headers == null
      ? before.headers
      : Object.fromEntries(webhook.headers.map(({ name, value }) => [name, value]));
  const { signing, made } = signingOf(webhook.signed, secret ?? null, before);
  const names = Object.keys(headers).map((name) => ({ name, value: '' }));
  return {
    input: { ...input, target: { webhook: { ...rest, headers: names } } },
    secrets: { signing, headers },
    made,
  };
}

/** Whoever may change the URL is not to learn the values of headers, which nobody is shown. */
function requireSameServer(url: string, before: string | null): void {
  if (before !== null && originOf(url) === originOf(before)) return;
  throw new InputError(
    ['input', 'target', 'webhook', 'headers'],
    'The URL is that of another server: give the headers again, as their values are secret.',
  );
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);

function signingOf(signed: boolean, given: string | null, before: SinkSecrets) {
  if (!signed) return { signing: [], made: null };
  if (given !== null) return { signing: [{ secret: given, untilMs: null }], made: null };
  if (before.signing.length > 0) return { signing: before.signing, made: null };
  const made = newWebhookSecret();
  return { signing: [{ secret: made, untilMs: null }], made };
}

/** A new secret in force, with the one before it until it ends. */
export function rotated(before: SinkSecrets, keepOldMs: number) {
  const secret = newWebhookSecret();
  const untilMs = Date.now() + keepOldMs;
  const old = before.signing.filter((each) => each.untilMs === null);
  return {
    secret,
    untilMs,
    secrets: {
      ...before,
      signing: [
        { secret, untilMs: null },
        ...old.map((each) => ({ secret: each.secret, untilMs })),
      ],
    },
  };
}

/** Keeps secrets sealed in the rows of sinks. */
export class SecretKeeper {
  readonly #box: SecretBox | null;

  /** @param box null where there is no key to seal with */
  constructor(box: SecretBox | null) {
    this.#box = box;
  }

  /** @throws InputError where there is something to seal and nothing to seal it with */
  seal(id: string, secrets: SinkSecrets, path: readonly string[]): string | null {
    if (secrets.signing.length === 0 && Object.keys(secrets.headers).length === 0) return null;
    if (this.#box !== null) return this.#box.seal(JSON.stringify(secrets), id);
    throw new InputError(
      path,
      'A signed webhook, or one with headers, has secrets, which the gateway cannot keep: set ' +
        'TIDINGS_SECRET_KEY to the same text on every gateway, or leave them out (signed: false).',
    );
  }

  /** @throws Error with a sentence where they cannot be read */
  open({ id, secrets }: Pick<SinkRow, 'id' | 'secrets'>): SinkSecrets {
    if (secrets === null) return none;
    if (this.#box === null) {
      throw new Error('A secret cannot be read: TIDINGS_SECRET_KEY is not set.');
    }
    return JSON.parse(this.#box.open(secrets, id)) as SinkSecrets;
  }
}
