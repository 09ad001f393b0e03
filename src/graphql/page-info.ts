import { builder } from './builder.ts';

type Lazy<Value> = () => Value | Promise<Value>;

/** What a page knows of its place among others; asked for only where it is selected. */
export interface PageInfo {
  readonly hasNextPage: Lazy<boolean>;
  readonly hasPreviousPage: Lazy<boolean>;
  readonly startCursor: Lazy<string | null>;
  readonly endCursor: Lazy<string | null>;
}

export const PageInfoRef = builder.objectRef<PageInfo>('PageInfo').implement({
  description: 'How to go on from a page.',
  fields: (t) => ({
    hasNextPage: t.boolean({
      description: 'Whether there are more entries after the page.',
      resolve: ({ hasNextPage }) => hasNextPage(),
    }),
    hasPreviousPage: t.boolean({
      description: 'Whether there are more entries before the page.',
      resolve: ({ hasPreviousPage }) => hasPreviousPage(),
    }),
    startCursor: t.string({
      nullable: true,
      description: "The first entry's cursor; null in an empty page.",
      resolve: ({ startCursor }) => startCursor(),
    }),
    endCursor: t.string({
      nullable: true,
      description: "The last entry's cursor, for `after`; null in an empty page.",
      resolve: ({ endCursor }) => endCursor(),
    }),
  }),
});
