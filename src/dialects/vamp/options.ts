import type { ValueForm } from './encode.ts';
import type { Strictness } from './query-reader.ts';

export interface VampOptions extends Strictness {
  /** How GET and POST answer values. */
  readonly values: ValueForm;
  /** Size of the body of a request. */
  readonly maxBodyBytes: number;
  /** Idle time after which a stream is sent a heartbeat. */
  readonly heartbeatEveryMs: number;
}

export const defaultVampOptions: VampOptions = {
  strict: false,
  values: 'text',
  maxBodyBytes: 16 * 1024 * 1024,
  heartbeatEveryMs: 15_000,
};
