import { isExclusion } from '../../filter-text/parse.ts';
import type { Command } from '../command.ts';
import { filterHelp, filterOf, filterOptions } from '../filter-options.ts';

interface Tags {
  readonly tags: {
    readonly nodes: readonly { readonly tag: string; readonly count: number }[];
    readonly truncated: boolean;
  };
}

export const tags: Command = {
  arguments: '[FILTER]...',
  details: filterHelp,
  isTerm: isExclusion,
  options: {
    ...filterOptions,
    prefix: { type: 'string', argument: 'START', description: 'Only tags that begin with it.' },
    limit: { type: 'string', argument: 'N', description: 'At most N tags; 30.' },
  },
  examples: ['tidings tags --prefix pool: since:1d'],
  async run(call) {
    const gateway = await call.gateway();
    const { tags: found } = await gateway.ask<Tags>(
      `query ($prefix: String, $filter: EventFilter, $first: Int!) {
        tags(prefix: $prefix, filter: $filter, first: $first) { nodes { tag count } truncated }
      }`,
      {
        prefix: call.text('prefix'),
        filter: filterOf(call),
        first: call.wholeNumber('limit', 1, 1_000) ?? 30,
      },
    );
    await call.output.rows(['tag', 'count'], found.nodes);
    if (found.truncated) call.terminal.notice('There are more: raise --limit.');
    return undefined;
  },
};
