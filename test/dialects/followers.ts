import { request } from 'node:http';

/** The order to a process of followers. */
export interface FollowersOrder {
  readonly url: string;
  readonly streams: number;
  /** What ends a frame of the stream. */
  readonly frameEnd: string;
  /** The frame that is left out before the received bytes are compared. */
  readonly heartbeat: string;
}

/** Its state, sent from time to time. */
export interface FollowersReport {
  readonly connected: number;
  /** Bytes that every one of them has received. */
  readonly least: number;
  readonly most: number;
  /** Whether one was sent something else than another, or was cut off. */
  readonly fault: string | null;
  /** The bytes that all were sent, as a string, once asked for. */
  readonly text?: string;
}

/**
 * Follows one stream many times over. As all are sent the same bytes, only the first one's are kept and the
 * others are compared with them.
 */
function follow({ url, streams, frameEnd, heartbeat }: FollowersOrder): void {
  const chunks: Buffer[] = [];
  let text = Buffer.alloc(0);
  const received: number[] = Array.from({ length: streams }, () => 0);
  const early: Buffer[][] = Array.from({ length: streams }, () => []);
  /** The frame of each follower that has not ended yet: a chunk holds several frames, or part of one. */
  const begun: string[] = Array.from({ length: streams }, () => '');
  let connected = 0;
  let fault: string | null = null;

  /** What of a follower's bytes the first one has too is compared now, the rest later. */
  const compare = (at: number): void => {
    const waiting = early[at] ?? [];
    for (let chunk = waiting[0]; chunk !== undefined; chunk = waiting[0]) {
      const from = received[at] ?? 0;
      if (from + chunk.length > text.length) return;
      if (!chunk.equals(text.subarray(from, from + chunk.length))) {
        fault ??= `follower ${at} was sent something else at byte ${from}`;
      }
      received[at] = from + chunk.length;
      waiting.shift();
    }
  };

  const take = (at: number, chunk: Buffer): void => {
    const frames = `${begun[at]}${chunk.toString('latin1')}`.split(frameEnd);
    begun[at] = frames.pop() ?? '';
    const whole = frames.map((frame) => frame + frameEnd).filter((frame) => frame !== heartbeat);
    const events = Buffer.from(whole.join(''), 'latin1');
    if (events.length === 0) return;
    if (at === 0) {
      chunks.push(events);
      received[0] = (received[0] ?? 0) + events.length;
    } else {
      early[at]?.push(events);
    }
  };

  for (let at = 0; at < streams; at++) {
    const asked = request(url, (response) => {
      connected++;
      response.on('data', (chunk: Buffer) => take(at, chunk));
      response.on('close', () => {
        fault ??= `follower ${at} was cut off`;
      });
    });
    asked.on('error', (error) => {
      fault ??= String(error);
    });
    asked.end();
  }

  const report = (whole: boolean): void => {
    if (chunks.length > 0) text = Buffer.concat([text, ...chunks.splice(0)]);
    for (let at = 1; at < streams; at++) compare(at);
    const message: FollowersReport = {
      connected,
      least: received.reduce((least, bytes) => Math.min(least, bytes), Number.MAX_SAFE_INTEGER),
      most: text.length,
      fault,
      ...(whole && { text: text.toString('utf8') }),
    };
    process.send?.(message);
  };
  process.on('message', () => report(true));
  setInterval(() => report(false), 200);
}

follow(JSON.parse(process.argv[2] ?? '') as FollowersOrder);
