import { isGroupNotice } from '../../../alarms/alarm-event.ts';
import type { Event } from '../../../event/event.ts';
import type { Filter } from '../../../event/filter.ts';
import type { Store } from '../../../store/store.ts';

/** Alarms that are looked at for one answer: their messages and entities are compared here. */
const maxExamined = 10_000;
const storePage = 1_000;

/** The alarms that match, newest first, without notices that speak for several. */
export async function* alarmEvents(store: Store, filter: Filter): AsyncGenerator<Event> {
  let after: Event | undefined;
  for (let examined = 0; examined < maxExamined; examined += storePage) {
    const { events, more } = await store.page({
      filter,
      order: 'TIME_DESC',
      limit: storePage,
      ...(after !== undefined && { after }),
    });
    yield* events.filter((event) => !isGroupNotice(event));
    after = events.at(-1);
    if (!more || after === undefined) return;
  }
}
