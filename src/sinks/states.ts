import { v5 } from 'uuid';
import type { EventDraft } from '../event/draft.ts';
import type { Instant } from '../event/event.ts';
import { wholeMillisecond } from '../event/instant.ts';
import type { Intake } from '../intake/intake.ts';
import { reportPersistently } from '../intake/persistent-report.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { SinkRow, SinkState, SinkTable } from '../store/sinks/sink-table.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import { sinkCategory } from './loop-guard.ts';

/** Makes ids of what is known, so that a repeated report is a duplicate. */
const idNamespace = '0b8f2a52-5f5e-4c7c-9a3e-3f1c1d5d6a10';

type OtherState = Exclude<SinkState, 'ACTIVE'>;

const actions: Readonly<Record<OtherState, string>> = {
  PAUSED: 'Paused',
  FAILING: 'Failing',
  BLOCKED: 'Blocked',
  DISABLED: 'Disabled',
};

export interface SinkStatesOptions {
  readonly table: SinkTable;
  readonly intake: Intake;
  readonly log: Log;
  readonly now: () => Instant;
}

/** Changes the states of sinks, and reports each state but ACTIVE as an event from its begin to its end. */
export class SinkStates implements AsyncDisposable {
  readonly #options: SinkStatesOptions;
  readonly #end = new AbortController();
  #reporting: Promise<void> = Promise.resolve();

  constructor(options: SinkStatesOptions) {
    this.#options = options;
  }

  /** Changes the state where it is one of `from` and another; false where it is not. */
  async change(
    id: string,
    from: readonly SinkState[],
    { state, reason }: { readonly state: SinkState; readonly reason: string | null },
  ): Promise<boolean> {
    const { table, now } = this.#options;
    const row = await table.find(id);
    if (row === null || row.state === state || !from.includes(row.state)) return false;
    // Rows hold milliseconds.
    const since = wholeMillisecond(now());
    if (!(await table.setState(id, [row.state], { state, reason, since }))) return false;
    const { log } = this.#options;
    log.info({ sink: id, name: row.name, state, reason }, 'A sink has changed its state.');
    const drafts = [
      draftOf(row, since),
      draftOf({ ...row, state, stateReason: reason, stateSince: since }, null),
    ];
    this.#report(drafts.filter((draft) => draft !== null));
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#reporting;
  }

  /** Nobody waits for it: a journal that is down holds no delivery up. */
  #report(drafts: readonly EventDraft[]): void {
    if (drafts.length === 0) return;
    const { intake, log } = this.#options;
    const { signal } = this.#end;
    this.#reporting = this.#reporting
      .then(() => reportPersistently(drafts, { intake, log, maxBatch: 2, signal }))
      .then(() => {})
      .catch((error: unknown) => {
        if (error instanceof Unavailable) return;
        logUnexpectedError(log, { error, where: 'the states of sinks' });
      });
  }
}

function draftOf(
  { id, namespace, name, state, stateReason, stateSince }: SinkRow,
  endTime: Instant | null,
): EventDraft | null {
  if (state === 'ACTIVE') return null;
  const action = actions[state];
  return {
    id: v5(`${id} ${state} ${stateSince}`, idNamespace),
    namespace,
    category: sinkCategory,
    action,
    severity: state === 'PAUSED' ? 'NORMAL' : 'ERROR',
    key: id,
    message: `Sink ${name} is ${action.toLowerCase()}${stateReason === null ? '.' : `: ${stateReason}`}`,
    traits: [{ name: 'sink', type: 'TEXT', value: name }],
    time: stateSince,
    endTime,
    dialect: 'TIDINGS',
  };
}
