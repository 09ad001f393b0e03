/** The connection underneath. It takes strings of one character a byte. */
export interface Wire {
  /** Returns false when its buffer is full: then Outbox.drained is called once it is empty. */
  write(bytes: string): boolean;
  /** Bytes in its buffer. */
  readonly writableLength: number;
}

/** Whose messages may be dropped when the reader is too slow. */
export interface Owner {
  /** A message was passed to the connection: everything up to its index has been sent. */
  sent(index: number): void;
  /** Too many bytes waited, most of them this owner's: all its waiting messages were dropped. */
  overflowed(): void;
}

interface Waiting {
  readonly bytes: string;
  readonly owner: Owner | null;
  readonly index: number;
}

/** Bytes that are passed to the connection at a time. */
const writeBytes = 64 * 1024;

/**
 * The output of one connection. Messages of one turn of the event loop leave in one write at its end. While the
 * connection's buffer is full, messages wait here, where their strings are shared with other connections, up to a bound.
 */
export class Outbox {
  readonly #wire: Wire;
  readonly #maxBytes: number;
  #due = '';
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #blocked = false;
  #drains = 0;
  #closed = false;
  #awaitingRoom: (() => void)[] = [];

  constructor(wire: Wire, maxBytes: number) {
    this.#wire = wire;
    this.#maxBytes = maxBytes;
  }

  /** Bytes that wait here and in the connection. */
  get queued(): number {
    return this.#due.length + this.#waitingBytes + this.#wire.writableLength;
  }

  /** How often the connection's buffer was emptied. */
  get drains(): number {
    return this.#drains;
  }

  get hasRoom(): boolean {
    return !this.#blocked && this.#due.length < writeBytes;
  }

  /** Resolves once there is room, or the outbox was closed. */
  room(): Promise<void> {
    if (this.hasRoom || this.#closed) return Promise.resolve();
    return new Promise((resolve) => this.#awaitingRoom.push(resolve));
  }

  /** Sends a message of an owner, or (null) one that must not be dropped. */
  push(bytes: string, owner: Owner | null = null, index = 0): void {
    if (this.#closed) return;
    if (this.#blocked) {
      this.#wait({ bytes, owner, index });
      return;
    }
    if (this.#due === '') leaveAtEndOfTurn(this);
    this.#due += bytes;
    owner?.sent(index);
  }

  /** The connection's buffer is empty. */
  drained(): void {
    if (!this.#blocked || this.#closed) return;
    this.#drains++;
    this.#blocked = false;
    while (this.#waiting.length > 0 && !this.#blocked) {
      this.#takeWaiting();
      this.#write();
    }
    if (this.hasRoom) this.#announceRoom();
  }

  /** Writes the messages of this turn. */
  flush(): void {
    this.#write();
    if (this.hasRoom) this.#announceRoom();
  }

  /** Drops what waits of an owner. */
  drop(owner: Owner): void {
    this.#waiting = this.#waiting.filter((message) => message.owner !== owner);
    this.#waitingBytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Drops the waiting messages. */
  close(): void {
    this.#closed = true;
    this.#due = '';
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#announceRoom();
  }

  #write(): void {
    const bytes = this.#due;
    this.#due = '';
    if (bytes !== '' && !this.#wire.write(bytes)) this.#blocked = true;
  }

  #takeWaiting(): void {
    let taken = 0;
    for (const { bytes, owner, index } of this.#waiting) {
      if (this.#due.length >= writeBytes) break;
      taken++;
      this.#waitingBytes -= bytes.length;
      this.#due += bytes;
      owner?.sent(index);
    }
    this.#waiting = this.#waiting.slice(taken);
  }

  #announceRoom(): void {
    const awaiting = this.#awaitingRoom;
    if (awaiting.length === 0) return;
    this.#awaitingRoom = [];
    for (const resolve of awaiting) resolve();
  }

  #wait(message: Waiting): void {
    this.#waiting.push(message);
    this.#waitingBytes += message.bytes.length;
    // A single message may be larger than the bound.
    if (message.owner === null || this.#waiting.length === 1 || this.queued <= this.#maxBytes)
      return;
    const victim = this.#largestOwner();
    if (victim === null) return;
    this.drop(victim);
    victim.overflowed();
  }

  #largestOwner(): Owner | null {
    const bytesOf = new Map<Owner, number>();
    let largest: Owner | null = null;
    for (const { bytes, owner } of this.#waiting) {
      if (owner === null) continue;
      const sum = (bytesOf.get(owner) ?? 0) + bytes.length;
      bytesOf.set(owner, sum);
      if (largest === null || sum > (bytesOf.get(largest) ?? 0)) largest = owner;
    }
    return largest;
  }
}

let leaving: Outbox[] = [];

function leaveAtEndOfTurn(outbox: Outbox): void {
  if (leaving.push(outbox) === 1) queueMicrotask(leave);
}

function leave(): void {
  const outboxes = leaving;
  leaving = [];
  for (const outbox of outboxes) outbox.flush();
}
