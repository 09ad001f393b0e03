import type { Instant } from '../event/event.ts';
import { InputError } from '../event/input-error.ts';
import { parseTimeExpression } from '../event/time-expression.ts';
import type { Journal } from '../journal/journal.ts';
import type { Store } from '../store/store.ts';
import type { SinkStart } from './spec.ts';

interface Places {
  readonly store: Pick<Store, 'page' | 'firstIndex'>;
  readonly journal: Pick<Journal, 'lastIndex'>;
  readonly now: () => Instant;
}

/** The cursor from which a sink begins: everything after it is delivered. @throws InputError */
export async function startCursor(
  start: SinkStart | null | undefined,
  path: readonly string[],
  { store, journal, now }: Places,
): Promise<number> {
  if (start?.index != null) {
    if (start.index < 1) throw new InputError([...path, 'index'], 'An index is at least 1.');
    const last = await journal.lastIndex();
    if (start.index <= last + 1) return start.index - 1;
    throw new InputError(
      [...path, 'index'],
      `Index ${start.index} is ahead of the journal, which ends at ${last}.`,
    );
  }
  if (start?.time != null) {
    const from = parseTimeExpression(start.time, now(), 'DOWN', [...path, 'time']);
    return await cursorAt({ from, to: null }, { store, journal });
  }
  if (start?.at === 'BEGINNING') return (await store.firstIndex()) ?? 0;
  return await journal.lastIndex();
}

/** The cursor before the first event that happened in a span of time; the end of the journal where there is none. */
async function cursorAt(
  time: { readonly from: Instant; readonly to: null },
  { store, journal }: Pick<Places, 'store' | 'journal'>,
): Promise<number> {
  const last = await journal.lastIndex();
  const page = await store.page({
    filter: { time },
    order: 'INDEX_ASC',
    limit: 1,
    fields: ['index'],
  });
  return (page.events[0]?.index ?? last + 1) - 1;
}
