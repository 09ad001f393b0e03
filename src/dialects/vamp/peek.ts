import type { Json } from '../../event/event.ts';
import type { Call } from './call.ts';
import { type Answer, answer, Double, empty } from './content.ts';
import { filterOf } from './query-filter.ts';
import { VampError } from './vamp-error.ts';

/** Only events of this last period count. */
const defaultWindowSeconds = 120;

/** The value of the latest matching event, or 404 where it is not a number. */
export async function peek(tags: readonly string[], call: Call): Promise<Answer> {
  const { context } = call;
  const now = context.now();
  const from = now - windowSecondsOf(call.url.searchParams) * 1_000_000;
  const filter = { ...filterOf({ tags, type: null }, call.namespace), time: { from, to: now } };
  const { events } = await context.store.page({ filter, order: 'TIME_DESC', limit: 1 });
  const number = numberOf(events[0]?.value ?? null);
  return number === null ? empty(404) : answer(200, new Double(number), call.accept);
}

/** @throws VampError */
function windowSecondsOf(parameters: URLSearchParams): number {
  const text = parameters.get('window');
  if (text === null) return defaultWindowSeconds;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new VampError(
    `The query parameter 'window' was malformed:\n'${text}' is not a valid 32-bit signed integer value`,
  );
}

/** A number, or the number in a string. */
function numberOf(value: Json): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Paths of the health and metrics endpoints, and the tags of the events that have their number. */
const peeks: readonly (readonly [string, (...names: string[]) => readonly string[]])[] = [
  ['health/gateways/?', (g) => [`gateways:${g}`, 'health']],
  ['health/gateways/?/routes/?', (g, r) => [`gateways:${g}`, `routes:${r}`, 'health']],
  ['health/deployments/?', (d) => [`deployments:${d}`, 'health']],
  ['health/deployments/?/clusters/?', (d, c) => [`deployments:${d}`, `clusters:${c}`, 'health']],
  [
    'health/deployments/?/clusters/?/services/?',
    (d, c, s) => [`deployments:${d}`, `clusters:${c}`, `services:${s}`, 'health'],
  ],
  ['metrics/gateways/?/?', (g, m) => [`gateways:${g}`, `metrics:${m}`]],
  ['metrics/gateways/?/routes/?/?', (g, r, m) => [`gateways:${g}`, `routes:${r}`, `metrics:${m}`]],
  [
    'metrics/deployments/?/clusters/?/ports/?/?',
    (d, c, p, m) => [`gateways:${d}/${c}/${p}`, `metrics:${m}`],
  ],
  [
    'metrics/deployments/?/clusters/?/services/?/ports/?/?',
    (d, c, s, p, m) => [`gateways:${d}/${c}/${p}`, `routes:${d}/${c}/${s}`, `metrics:${m}`],
  ],
];

/** Vamp has no numbers of single instances. */
const neverAnswered: readonly string[] = [
  'health/deployments/?/clusters/?/services/?/instances/?',
  'metrics/deployments/?/clusters/?/services/?/instances/?/ports/?/?',
];

/** The tags that a path asks for: empty where there is never an answer, null for any other path. */
export function peekedTags(path: readonly string[]): readonly string[] | null {
  for (const [pattern, tags] of peeks) {
    const names = namesIn(path, pattern);
    if (names !== null) return tags(...names);
  }
  return neverAnswered.some((pattern) => namesIn(path, pattern) !== null) ? [] : null;
}

function namesIn(path: readonly string[], pattern: string): string[] | null {
  const parts = pattern.split('/');
  const matches =
    parts.length === path.length && parts.every((part, at) => part === '?' || part === path[at]);
  return matches ? path.filter((_, at) => parts[at] === '?') : null;
}

/** The names in the answer to GET /stats, and the tag that each counts. */
const counted = {
  'escalation-count': 'sla:escalate',
  'de-escalation-count': 'sla:deescalate',
  'deployed-services': 'synchronization:deployed',
  'redeployed-services': 'synchronization:redeploy',
  'undeployed-services': 'synchronization:undeployed',
  'scheduled-workflows': 'scheduled',
  'unscheduled-workflows': 'unscheduled',
} as const;

export async function stats(call: Call): Promise<Answer> {
  const { store } = call.context;
  const counts = await Promise.all(
    Object.entries(counted).map(async ([name, tag]) => {
      const filter = filterOf({ tags: [tag], type: null }, call.namespace);
      return [name, await store.count(filter)] as const;
    }),
  );
  return answer(200, Object.fromEntries(counts), call.accept);
}
