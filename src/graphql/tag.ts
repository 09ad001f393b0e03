import type { TagCount } from '../store/store.ts';
import { builder } from './builder.ts';
import { EventFilterRef, filterOf } from './filter.ts';
import { pageSize } from './page-size.ts';

const TagCountRef = builder.objectRef<TagCount>('TagCount').implement({
  description: 'A tag and how many events carry it.',
  fields: (t) => ({
    tag: t.exposeString('tag', { description: 'The tag.' }),
    count: t.expose('count', { type: 'SafeInt', description: 'How many events carry it.' }),
  }),
});

builder.queryField('tags', (t) =>
  t.field({
    type: [TagCountRef],
    description: 'Tags in use, most used first.',
    args: {
      prefix: t.arg.string({ description: 'Only tags that begin so: `pool:`.' }),
      filter: t.arg({
        type: EventFilterRef,
        description: 'Counted over these events; over all without it.',
      }),
      first: t.arg.int({ defaultValue: 30, description: 'How many, 1000 at most.' }),
    },
    resolve: (_root, { prefix, filter, first }, context) =>
      context.store.tags({
        prefix: prefix ?? '',
        filter: filterOf(filter, context),
        limit: pageSize(first, { argument: 'first', fallback: 30, max: 1000 }),
      }),
  }),
);
