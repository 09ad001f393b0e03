import { v5 } from 'uuid';
import type { DraftTrait, EventDraft } from '../../event/draft.ts';
import type { Instant, Json } from '../../event/event.ts';
import { isJsonObject } from '../../event/json.ts';
import type { Batch, NomadEvent } from './nomad-message.ts';
import { nomadTraits } from './nomad-traits.ts';

/** The name space of the ids that events of Nomad get; it must never change. */
const nameSpace = '5c2f0a4e-97d3-5b1e-8d0a-3f6b1c9e7a42';

/** A draft that has an id: the same whenever the same event is read again. */
export type IdentifiedDraft = EventDraft & { readonly id: string };

/** The events of a cluster's transaction, as drafts, in its order. */
export function draftsOf(batch: Batch, cluster: string, now: Instant): IdentifiedDraft[] {
  const seen = new Map<string, number>();
  return batch.events.map((event) => {
    const { topic, namespace, key } = event;
    // One object may change twice in a transaction. The transaction's other events depend on the topics asked for.
    const subject = JSON.stringify([cluster, batch.index, topic, namespace, key]);
    const position = seen.get(subject) ?? 0;
    seen.set(subject, position + 1);
    const id = v5(`${subject}#${position}`, nameSpace);
    return draftOf(event, { id, cluster, index: batch.index, now });
  });
}

interface Place {
  readonly id: string;
  readonly cluster: string;
  readonly index: number;
  readonly now: Instant;
}

function draftOf(event: NomadEvent, { id, cluster, index, now }: Place): IdentifiedDraft {
  const { topic, type, key, namespace, filterKeys, payload, raw } = event;
  const subject = subjectOf(payload);
  const traits = placeTraits(cluster, index);
  if (namespace === '') traits.push({ name: nomadTraits.scope, type: 'TEXT', value: 'cluster' });
  const empty = [key === '' && 'Key', filterKeys.includes('') && 'FilterKeys'].filter(Boolean);
  if (empty.length > 0) {
    traits.push({ name: nomadTraits.empty, type: 'TEXT', value: empty.join(' ') });
  }
  return {
    dialect: 'NOMAD',
    id,
    namespace,
    category: topic,
    action: type,
    severity: hasFailed(subject) ? 'ERROR' : 'NORMAL',
    source: {
      component: 'nomad',
      node: textOf(subject.NodeName),
      service: textOf(subject.ServiceName),
    },
    key,
    filterKeys: filterKeys.filter((each) => each !== ''),
    traits,
    value: payload,
    raw,
    time: modifiedAt(subject, now),
    clock: 'ARRIVAL',
  };
}

/** The position in a cluster's stream. */
function placeTraits(cluster: string, index: number): DraftTrait[] {
  return [
    { name: nomadTraits.cluster, type: 'TEXT', value: cluster },
    { name: nomadTraits.index, type: 'INT', value: index },
  ];
}

/** The object that a payload is about: {"Job": {…}}, {"Metadata": {…}, "Deleted": false}. */
function subjectOf(payload: Json): Readonly<Record<string, Json>> {
  if (!isJsonObject(payload)) return {};
  return Object.values(payload).find((json) => isJsonObject(json)) ?? {};
}

const failures: readonly Json[] = ['failed', 'lost', 'down'];

const hasFailed = ({ Status, ClientStatus }: Readonly<Record<string, Json>>): boolean =>
  failures.includes(Status ?? null) || failures.includes(ClientStatus ?? null);

/** Nanoseconds in the payload where it has them, which may be long ago when a stream is read again; else now. */
function modifiedAt({ ModifyTime: time }: Readonly<Record<string, Json>>, now: Instant): Instant {
  if ((typeof time !== 'number' && typeof time !== 'bigint') || time <= 0) return now;
  const instant = typeof time === 'bigint' ? Number(time / 1000n) : Math.round(time / 1000);
  return Number.isSafeInteger(instant) ? instant : now;
}

/** A note of ours about a cluster's stream. */
export interface StreamNote {
  readonly action: 'Gap' | 'StartedOver';
  readonly cluster: string;
  /** The index up to which everything was read, and the one that came next. */
  readonly last: number;
  readonly next: number;
  readonly now: Instant;
}

export function noteDraft({ action, cluster, last, next, now }: StreamNote): IdentifiedDraft {
  const message =
    action === 'Gap'
      ? `Events of the Nomad cluster ${cluster} after its index ${last} may be lost: its buffer now begins at ${next}.`
      : `The Nomad cluster ${cluster} counts anew: its index was ${last} and is ${next}.`;
  return {
    dialect: 'NOMAD',
    id: v5(JSON.stringify([cluster, action, last, next]), nameSpace),
    category: 'NomadStream',
    action,
    severity: 'ERROR',
    source: { component: 'nomad' },
    key: cluster,
    message,
    traits: [...placeTraits(cluster, last), { name: 'nomad.nextIndex', type: 'INT', value: next }],
    time: now,
  };
}

const textOf = (json: Json | undefined): string | undefined =>
  typeof json === 'string' && json !== '' ? json : undefined;
