import type { Instant } from '../event/event.ts';
import { everything, type Filter } from '../event/filter.ts';
import type { Store } from '../store/store.ts';
import { indexBefore, latestMatching, readMatching } from './history.ts';
import { minutesMicros } from './minute-evaluator.ts';
import type { AlarmRule } from './rule.ts';
import type { LoadedRule, RuleSet } from './rule-set.ts';

/** Rules whose windows are read one by one; the windows of more, as far as they are short, are read in one pass. */
const maxSeparate = 16;
const shortMicros = 3_600_000_000;

interface FillOptions {
  readonly store: Store;
  readonly asOf: { readonly index: number; readonly clock: Instant };
  /** How far ahead of its arrival an event may lie. */
  readonly futureMicros: number;
}

/** Fills the windows of rules that were added with what the store has of them, as of an index and a moment. */
export async function fillWindows(
  rules: RuleSet,
  loaded: readonly LoadedRule[],
  options: FillOptions,
): Promise<void> {
  const { store, asOf } = options;
  const lengths = loaded.map((each) => ({ each, micros: windowMicros(each.rule) }));
  const short = lengths.filter(({ micros }) => micros !== null && micros <= shortMicros);
  const together = short.length > maxSeparate ? short : [];
  const inPass = new Set(together.map(({ each }) => each.id));
  if (inPass.size > 0) {
    const micros = Math.max(...together.map((one) => one.micros ?? 0));
    await fillFrom(rules, inPass, everything, { ...options, micros });
  }
  for (const { each, micros } of lengths) {
    if (micros !== null && !inPass.has(each.id)) {
      await fillFrom(rules, new Set([each.id]), each.rule.filter, { ...options, micros });
    }
    if (each.rule.condition.kind === 'ABSENT') await fillLast(rules, each, store, asOf);
    if (each.rule.condition.kind === 'NOT_ENDED') {
      const { withinMicros } = each.rule.condition;
      const time = { from: each.activeSince - withinMicros, to: null };
      const filter: Filter = { all: [each.rule.filter, { ended: false, time }] };
      await insertAll(
        rules,
        new Set([each.id]),
        readMatching(store, filter, { after: 0, upTo: asOf.index }),
      );
    }
  }
}

/** How far back a rule looks for events; null where it does not matter how old they are. */
function windowMicros({ condition }: AlarmRule): number | null {
  switch (condition.kind) {
    case 'THRESHOLD':
      return condition.overMicros;
    case 'ABSENT':
      return condition.forMicros;
    case 'NOT_ENDED':
      return null;
    case 'MINUTES':
      return minutesMicros(condition);
  }
}

async function fillFrom(
  rules: RuleSet,
  ruleIds: ReadonlySet<string>,
  filter: Filter,
  { store, asOf, futureMicros, micros }: FillOptions & { readonly micros: number },
): Promise<void> {
  const after = await indexBefore(store, asOf.clock - micros, futureMicros);
  await insertAll(rules, ruleIds, readMatching(store, filter, { after, upTo: asOf.index }));
}

async function insertAll(
  rules: RuleSet,
  ruleIds: ReadonlySet<string>,
  events: AsyncIterable<Parameters<RuleSet['insert']>[0]>,
): Promise<void> {
  for await (const event of events) rules.insert(event, ruleIds);
}

/** Where all events are one entity, it matters how long ago the latest was, however long that is. */
async function fillLast(
  rules: RuleSet,
  { id, rule }: LoadedRule,
  store: Store,
  { index }: FillOptions['asOf'],
): Promise<void> {
  if (rule.entity.length > 0) return;
  const event = await latestMatching(store, rule.filter, index);
  if (event !== null) rules.insert(event, new Set([id]));
}
