import type { ServerResponse } from 'node:http';
import { replyJson } from '../../http/reply.ts';

/** What readiness depends on, each null or the reason why not, as a sentence. */
export interface Readiness {
  readonly journal: string | null;
  readonly store: string | null;
  /** Reported alone: queries and reports are answered without them. */
  readonly sources: readonly { readonly name: string; readonly healthReason: string | null }[];
  /** Set once the gateway has begun to stop. */
  readonly stopping: boolean;
}

/** The process answers. */
export function answerHealth(response: ServerResponse): void {
  replyJson(response, 200, { status: 'ok' }, noStore);
}

/** Whether queries and reports would be answered, and if not, why not. */
export function answerReadiness(response: ServerResponse, readiness: Readiness): void {
  const { journal, store, sources, stopping } = readiness;
  const ready = journal === null && store === null && !stopping;
  replyJson(
    response,
    ready ? 200 : 503,
    {
      status: statusOf(ready, stopping),
      journal: reasonOf(journal),
      store: reasonOf(store),
      sources: Object.fromEntries(
        sources.map(({ name, healthReason }) => [name, reasonOf(healthReason)]),
      ),
    },
    noStore,
  );
}

const statusOf = (ready: boolean, stopping: boolean): string => {
  if (stopping) return 'stopping';
  return ready ? 'ready' : 'unavailable';
};

const reasonOf = (reason: string | null): object =>
  reason === null ? { ok: true } : { ok: false, reason };

const noStore = { 'Cache-Control': 'no-store' };
