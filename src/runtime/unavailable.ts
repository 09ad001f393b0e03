/** The journal or the database is unreachable now: callers are answered UNAVAILABLE and may try again. */
export class Unavailable extends Error {
  override readonly name: string = 'Unavailable';
  /** How it is answered over HTTP. */
  readonly status: 503 | 429 = 503;
  /** When to try again; null where the same request fails again. */
  readonly retryAfterSeconds: number | null = 1;
}

/** The caller has asked for more than a limit of their roles allows, and may ask again later. */
export class RateLimited extends Unavailable {
  override readonly name = 'RateLimited';
  override readonly status = 429;
  override readonly retryAfterSeconds: number;

  constructor(message: string, waitSeconds: number) {
    const seconds = Math.max(1, Math.ceil(waitSeconds));
    super(`${message} Try again in ${seconds} s.`);
    this.retryAfterSeconds = seconds;
  }
}

/** One operation asks for more than a limit of the caller's roles allows: it has to ask for less. */
export class CostLimit extends Unavailable {
  override readonly name = 'CostLimit';
  override readonly status = 429;
  override readonly retryAfterSeconds = null;
  /** Its cost, where that is known before it runs, and the limit. */
  readonly numbers: Readonly<Record<string, number>>;

  constructor(message: string, numbers: Readonly<Record<string, number>>) {
    super(message);
    this.numbers = numbers;
  }
}

/** The header Retry-After, where trying again helps. */
export const retryAfter = ({ retryAfterSeconds }: Unavailable): Readonly<Record<string, string>> =>
  retryAfterSeconds === null ? {} : { 'Retry-After': String(retryAfterSeconds) };
