import type { IndexedReport } from '../event/completion.ts';
import type { EventDraft } from '../event/draft.ts';
import { traceparentOf } from '../event/traceparent.ts';
import type { Intake } from '../intake/intake.ts';
import type { Journal } from '../journal/journal.ts';
import type { OpenFeed } from '../live/feed.ts';
import type { FeedReceiver, Subscribe } from '../live/subscription.ts';
import type { OpenStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import type { Tracing } from '../telemetry/tracing.ts';

/** The intake, with a span for each call. Its events keep the traceparent of whoever reports them. */
export const tracedIntake = (intake: Intake, tracing: Tracing): Intake => ({
  report(given, wait, mayReport) {
    const { reporter } = tracing;
    const drafts = reporter === null ? given : given.map((draft) => sentBy(draft, reporter));
    const options = {
      attributes: {
        'tidings.events': drafts.length,
        'tidings.dialect': drafts[0]?.dialect ?? '',
      },
      causes: drafts.map(({ traceparent }) => traceparent ?? null),
    };
    return tracing.span('report', options, async (span) => {
      const results = await intake.report(drafts, wait, mayReport);
      span.set({
        'tidings.rejected': results.filter(({ status }) => status === 'REJECTED').length,
      });
      return results;
    });
  },
});

/** A traceparent of the draft's own comes first. */
const sentBy = (draft: EventDraft, traceparent: string): EventDraft =>
  draft.traceparent === undefined ? { ...draft, traceparent } : draft;

/** The journal, with a span for each append. */
export const tracedJournal = (journal: Journal, tracing: Tracing): Journal => ({
  kind: journal.kind,
  get id() {
    return journal.id;
  },
  get position() {
    return journal.position;
  },
  append(reports) {
    const attributes = { 'tidings.events': reports.length, 'tidings.journal': journal.kind };
    return tracing.span('journal append', { attributes }, async (span) => {
      const outcomes = await journal.append(reports);
      span.set({ 'tidings.index': outcomes.at(-1)?.index ?? 0 });
      return outcomes;
    });
  },
  lastIndex: () => journal.lastIndex(),
  follow: (follower) => journal.follow(follower),
  healthReason: () => journal.healthReason(),
  [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
});

/**
 * The store as the journal fills it, with a span for each write. A write takes reports of many requests, so that it
 * continues the trace of what it writes only where that is one, and otherwise has links to them.
 */
export function tracedFill(store: OpenStore, tracing: Tracing): OpenStore {
  const filling = <Result>(
    reports: readonly IndexedReport[],
    write: () => Promise<Result>,
  ): Promise<Result> => {
    const attributes = {
      'tidings.events': reports.length,
      'tidings.index': reports.at(-1)?.index ?? 0,
    };
    const causes = reports.map(({ report }) => traceparentOf(report));
    return tracing.span(
      'store fill',
      { kind: 'CLIENT', attributes, causes, detached: true },
      write,
    );
  };
  const traced: Pick<OpenStore, 'write' | 'fill'> = {
    write: (reports, from) => filling(reports, () => store.write(reports, from)),
    fill: (reports, from, to, holder) =>
      filling(reports, () => store.fill(reports, from, to, holder)),
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write' || name === 'fill') return traced[name];
      // Methods use private fields, which the proxy does not have.
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** The store as queries read it, with a span for each read. */
export function tracedStore(store: Store, tracing: Tracing): Store {
  const query = <Result>(what: string, read: () => Promise<Result>): Promise<Result> =>
    tracing.span(`query ${what}`, { kind: 'CLIENT' }, read);
  return {
    for: (caller) => tracedStore(store.for(caller), tracing),
    event: (id) => query('event', () => store.event(id)),
    page: (request) => query('page', () => store.page(request)),
    count: (filter) => query('count', () => store.count(filter)),
    aggregate: (request) => query('aggregate', () => store.aggregate(request)),
    tags: (request) => query('tags', () => store.tags(request)),
    types: (categories, filter) => query('types', () => store.types(categories, filter)),
    traitDescriptors: (types, filter) =>
      query('traits', () => store.traitDescriptors(types, filter)),
    after: (index, limit) => query('after', () => store.after(index, limit)),
    reports: (ids) => query('reports', () => store.reports(ids)),
    firstIndex: () => store.firstIndex(),
    get storedIndex() {
      return store.storedIndex;
    },
    untilStored: (index, timeoutMs) => store.untilStored(index, timeoutMs),
    healthReason: () => store.healthReason(),
  };
}

/** Subscriptions, with a span for each from its beginning to its end. */
export const tracedSubscribe =
  (subscribe: Subscribe, tracing: Tracing): Subscribe =>
  (operation, receiver) => {
    const span = feedSpan(tracing, operation.request.afterIndex);
    const watched: FeedReceiver = {
      begin: (index, journalId) => receiver.begin(index, journalId),
      send(message) {
        span.sent(message.index, 1);
        receiver.send(message);
      },
      get hasRoom() {
        return receiver.hasRoom;
      },
      room: () => receiver.room(),
      checkpoint: (index) => receiver.checkpoint(index),
      end(error) {
        span.end(error);
        receiver.end(error);
      },
    };
    try {
      const subscription = subscribe(operation, watched);
      return {
        cancel() {
          span.end(null);
          subscription.cancel();
        },
      };
    } catch (error) {
      span.end(error as Error);
      throw error;
    }
  };

/** Feeds that are pulled, with a span for each from its beginning to its end. */
export const tracedFeed =
  (openFeed: OpenFeed, tracing: Tracing): OpenFeed =>
  (request, signal) => {
    const span = feedSpan(tracing, request.afterIndex);
    const feed = openFeed(request, signal);
    return {
      [Symbol.asyncIterator]() {
        const batches = feed[Symbol.asyncIterator]();
        return {
          async next() {
            try {
              const next = await batches.next();
              if (next.done) span.end(null);
              else span.sent(next.value.index, next.value.events.length);
              return next;
            } catch (error) {
              span.end(error as Error);
              throw error;
            }
          },
          async return() {
            span.end(null);
            return (await batches.return?.()) ?? { done: true, value: undefined };
          },
        };
      },
    };
  };

function feedSpan(tracing: Tracing, afterIndex: number | null) {
  const attributes = { ...(afterIndex !== null && { 'tidings.after_index': afterIndex }) };
  const span = tracing.begin('feed', { kind: 'PRODUCER', attributes });
  let sent = 0;
  let lastIndex = 0;
  let ended = false;
  return {
    sent(index: number, count: number) {
      sent += count;
      lastIndex = index;
    },
    end(error: Error | null) {
      if (ended) return;
      ended = true;
      span.set({ 'tidings.sent': sent, 'tidings.last_index': lastIndex });
      span.end(error);
    },
  };
}
