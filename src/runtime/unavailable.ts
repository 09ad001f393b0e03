/** The journal or the database is unreachable now: callers are answered UNAVAILABLE and may try again. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
