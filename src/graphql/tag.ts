import { parseText } from '../event/text.ts';
import type { TagCount } from '../store/store.ts';
import { builder } from './builder.ts';
import { EventFilterRef, filterOf } from './filter.ts';
import { pageSize, truncatedTo } from './page-size.ts';

const maxTags = 1_000;

const TagCountRef = builder.objectRef<TagCount>('TagCount').implement({
  description: 'A tag and how many events carry it.',
  fields: (t) => ({
    tag: t.exposeString('tag', { description: 'The tag: pool:gold.' }),
    count: t.expose('count', { type: 'SafeInt', description: 'How many events carry it.' }),
  }),
});

interface Tags {
  readonly nodes: readonly TagCount[];
  readonly truncated: boolean;
}

const TagCountsRef = builder.objectRef<Tags>('TagCounts').implement({
  description: 'The answer to tags.',
  fields: (t) => ({
    nodes: t.expose('nodes', { type: [TagCountRef], description: 'Most used first.' }),
    truncated: t.exposeBoolean('truncated', {
      description: 'Whether there are more than were asked for.',
    }),
  }),
});

builder.queryField('tags', (t) =>
  t.field({
    type: TagCountsRef,
    description: 'Tags in use, most used first.',
    args: {
      prefix: t.arg.string({ description: 'Only tags that begin with this: `pool:`.' }),
      filter: t.arg({
        type: EventFilterRef,
        description: 'Counted over these events; over all without it.',
      }),
      first: t.arg.int({
        required: true,
        defaultValue: 30,
        description: `Tags at most; ${maxTags} is the most.`,
      }),
    },
    resolve: async (_root, { prefix, filter, first }, context) => {
      const limit = pageSize(first, { argument: 'first', max: maxTags });
      const tags = await context.store.tags({
        prefix: parseText(prefix ?? '', ['prefix']),
        filter: filterOf(filter, context),
        limit: limit + 1,
      });
      const { entries, truncated } = truncatedTo(limit, tags);
      return { nodes: entries, truncated };
    },
  }),
);
