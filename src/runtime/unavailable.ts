/** The journal or the database cannot be reached now: callers are answered UNAVAILABLE and may repeat. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
