import { v5 } from 'uuid';
import type { EventDraft } from '../../../event/draft.ts';
import type { Event, Instant } from '../../../event/event.ts';
import { reportPersistently } from '../../../intake/persistent-report.ts';
import { eventOfMessageId } from '../../../sinks/job.ts';
import type { DeliveryOutcome, DeliveryRequest, Target } from '../../../sinks/target.ts';
import type { DialectContext } from '../../dialect.ts';

/** The category and the action of the events about runs. */
const category = 'Workflow';
const action = 'Run';
export const runType = `${category}.${action}`;

/** Makes ids of what is known, so that a run that is reported again is the same event. It must never change. */
const idSpace = '5b0c7f1e-9d2a-4f36-8e61-0a7d3c9b4e52';

/** Runs of which each is the cause of the next. */
export const longestChain = 16;
/** Names the workflows that led to a run, in a message that is kept. */
const chainHeader = 'vamp-run-chain';
const maxRemembered = 10_000;

/** Which run of which workflow. */
export interface Run {
  readonly id: string;
  readonly workflow: string;
  readonly namespace: string;
}

export const isRun = (event: Pick<Event, 'category' | 'action'>): boolean =>
  event.category === category && event.action === action;

/** The workflows whose runs led to an event, the workflow that it is about included. */
export const chainOf = (event: Event): readonly string[] =>
  isRun(event)
    ? [...new Set([...event.filterKeys, ...(event.key === null ? [] : [event.key])])]
    : [];

/** The run that a message triggers: the same over all attempts and replays. */
export const runOf = (
  messageId: string,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Run => ({
  id: v5(`${namespace}\n${name}\n${messageId}`, idSpace),
  workflow: name,
  namespace,
});

export interface RunEnd {
  readonly at: Instant;
  /** Why it failed, as a sentence; null where it did not. */
  readonly fault: string | null;
}

/** Reports the runs of workflows as events: from the moment they are triggered to their end. */
export class WorkflowRuns {
  readonly #context: Pick<DialectContext, 'intake' | 'log' | 'now'>;

  constructor(context: Pick<DialectContext, 'intake' | 'log' | 'now'>) {
    this.#context = context;
  }

  get now(): Instant {
    return this.#context.now();
  }

  /** @throws Unavailable once the signal is aborted */
  async begun(
    run: Run,
    { messageId, chain }: { readonly messageId: string; readonly chain: readonly string[] },
    signal: AbortSignal,
  ): Promise<void> {
    const { id, index } = eventOfMessageId(messageId);
    await this.#report(
      run,
      {
        filterKeys: chain,
        traits: [
          { name: 'event', type: 'TEXT', value: id },
          { name: 'index', type: 'TEXT', value: index },
        ],
        time: this.now,
      },
      signal,
    );
  }

  /** @throws Unavailable once the signal is aborted */
  async ended(run: Run, { at, fault }: RunEnd, signal: AbortSignal): Promise<void> {
    const about = {
      severity: fault === null ? ('NORMAL' as const) : ('ERROR' as const),
      message:
        fault === null
          ? `Workflow ${run.workflow} has run.`
          : `Workflow ${run.workflow} failed: ${fault}`,
      time: at,
      endTime: at,
      clock: 'ARRIVAL' as const,
    };
    await this.#report(run, about, signal);
  }

  async #report(
    { id, workflow, namespace }: Run,
    about: Partial<EventDraft>,
    signal: AbortSignal,
  ): Promise<void> {
    const { intake, log } = this.#context;
    const draft: EventDraft = {
      id,
      namespace,
      category,
      action,
      key: workflow,
      tags: [`workflows:${workflow}`],
      dialect: 'VAMP',
      ...about,
    };
    const [result] = await reportPersistently([draft], { intake, log, maxBatch: 1, signal });
    if (result?.status !== 'REJECTED') return;
    log.warn(
      { workflow, namespace, errors: result.errors },
      'A run of a workflow is not recorded.',
    );
  }
}

export interface ReportedTargetOptions {
  readonly runs: WorkflowRuns;
  readonly workflow: { readonly name: string; readonly namespace: string };
  /** Whether a run has ended once its message is delivered. */
  readonly endsWithDelivery: boolean;
}

/** A target each of whose messages begins a run. */
export class ReportedTarget implements Target {
  readonly #target: Target;
  readonly #options: ReportedTargetOptions;
  /** Runs that were reported and have not ended, so that the attempts of one are not reported each. */
  readonly #begun = new Set<string>();

  constructor(target: Target, options: ReportedTargetOptions) {
    this.#target = target;
    this.#options = options;
  }

  addressOf(event: Event): Readonly<Record<string, string>> {
    const chain = chainOf(event).map(encodeURIComponent).join(',');
    return { ...this.#target.addressOf?.(event), ...(chain !== '' && { [chainHeader]: chain }) };
  }

  async deliver(request: DeliveryRequest): Promise<DeliveryOutcome> {
    const { runs, workflow, endsWithDelivery } = this.#options;
    const { messageId, signal } = request;
    const { [chainHeader]: chain, ...headers } = request.message.headers;
    const run = runOf(messageId, workflow);
    if (!this.#begun.has(run.id)) {
      const names = chain === undefined ? [] : chain.split(',').map(decodeURIComponent);
      await runs.begun(run, { messageId, chain: names }, signal);
      if (this.#begun.size >= maxRemembered) this.#begun.clear();
      this.#begun.add(run.id);
    }
    const message = { ...request.message, headers };
    const outcome = await this.#target.deliver({ ...request, message });
    const { kind, status, response } = outcome;
    if (kind === 'TARGET_FAILED' || kind === 'TARGET_GONE') return outcome;
    this.#begun.delete(run.id);
    if (kind === 'DELIVERED' && !endsWithDelivery) return outcome;
    const answer = `${status ?? 'no status'}${response ? `, ${response}` : ''}`;
    const fault = kind === 'DELIVERED' ? null : `the target answered ${answer}`;
    await runs.ended(run, { at: runs.now, fault }, signal);
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target[Symbol.asyncDispose]();
  }
}
