import type { EventOrder } from '../../client/schema.generated.ts';
import { isExclusion } from '../../filter-text/parse.ts';
import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import { eventColumns, eventRow, eventSelection, type SelectedEvent } from '../event-row.ts';
import type { ExitCode } from '../exit-code.ts';
import { filterHelp, filterOf, filterOptions } from '../filter-options.ts';
import { withVisibleFields } from '../visible-fields.ts';

const pageSize = 500;
const defaultLimit = 50;

const orders: Readonly<Record<string, EventOrder>> = {
  '-time': 'TIME_DESC',
  time: 'TIME_ASC',
  '-index': 'INDEX_DESC',
  index: 'INDEX_ASC',
};

interface Page {
  readonly events: {
    readonly nodes: readonly SelectedEvent[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

export const query: Command = {
  arguments: '[FILTER]...',
  details: filterHelp,
  isTerm: isExclusion,
  options: {
    ...filterOptions,
    limit: { type: 'string', argument: 'N', description: `At most N events; ${defaultLimit}.` },
    all: { type: 'boolean', description: 'All events that match.' },
    order: {
      type: 'string',
      argument: 'ORDER',
      description: 'time, -time (newest first), index or -index.',
    },
    count: { type: 'boolean', description: 'Print only how many match.' },
    raw: { type: 'boolean', description: 'Also the message as it arrived.' },
  },
  examples: [
    'tidings query severity:error since:1h',
    "tidings query type:Volume.* 'trait.size>10' --output ndjson",
    "tidings query tag:pool --template '{time} {key} {traits.size}'",
  ],
  async run(call): Promise<ExitCode | undefined> {
    if (call.flag('count')) return await count(call);
    const limit = call.flag('all')
      ? Number.POSITIVE_INFINITY
      : (call.wholeNumber('limit', 1, 1_000_000) ?? defaultLimit);
    const sheet = call.output.open(eventColumns);
    for await (const events of pages(call, limit)) await sheet.add(events.map(eventRow));
    await sheet.end();
    return undefined;
  },
};

async function* pages(call: Call, limit: number): AsyncGenerator<readonly SelectedEvent[]> {
  const gateway = await call.gateway();
  const filter = filterOf(call);
  const orderBy = orders[call.oneOf('order', Object.keys(orders)) ?? '-time'];
  const pageAfter = (after: string | null, first: number): Promise<Page> =>
    withVisibleFields(gateway, (hidden) =>
      gateway.ask<Page>(
        `query ($filter: EventFilter, $orderBy: EventOrder!, $first: Int!, $after: String) {
          events(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
            nodes { ${eventSelection(hidden, call.flag('raw'))} }
            pageInfo { hasNextPage endCursor }
          }
        }`,
        { filter, orderBy, first, after },
      ),
    );
  let after: string | null = null;
  for (let left = limit; left > 0; ) {
    const { events } = await pageAfter(after, Math.min(left, pageSize));
    yield events.nodes;
    left -= events.nodes.length;
    if (!events.pageInfo.hasNextPage) return;
    after = events.pageInfo.endCursor;
  }
}

async function count(call: Call): Promise<undefined> {
  const gateway = await call.gateway();
  const { events } = await gateway.ask<{ events: { totalCount: number } }>(
    'query ($filter: EventFilter) { events(filter: $filter, first: 1) { totalCount } }',
    { filter: filterOf(call) },
  );
  const { format } = call.output;
  if (format === 'table') await call.terminal.write(`${events.totalCount}\n`);
  else await call.output.record({ count: events.totalCount });
  return undefined;
}
