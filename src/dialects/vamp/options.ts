import type { ValueForm } from './encode.ts';
import type { Strictness } from './query-reader.ts';

export interface VampOptions extends Strictness {
  /** The form in which GET and POST answer values. */
  readonly values: ValueForm;
  /** The largest body of a request. */
  readonly maxBodyBytes: number;
  /** A stream that is idle for this time gets a heartbeat. */
  readonly heartbeatEveryMs: number;
}

export const defaultVampOptions: VampOptions = {
  strict: false,
  values: 'text',
  maxBodyBytes: 16 * 1024 * 1024,
  heartbeatEveryMs: 15_000,
};
