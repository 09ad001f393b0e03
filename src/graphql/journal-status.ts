import type { JournalKind } from '../journal/journal.ts';
import { builder } from './builder.ts';
import type { GraphServices } from './context.ts';

const JournalKindEnum = builder.enumType('JournalKind', {
  description: 'Where the log is.',
  values: {
    EMBEDDED: { description: "In this process, on the store's database." },
    NATS: { description: 'JetStream.' },
  } satisfies Record<JournalKind, { description: string }>,
});

const JournalStatusRef = builder
  .objectRef<Pick<GraphServices, 'journal' | 'store'>>('JournalStatus')
  .implement({
    description: 'The last index of the journal and of the store.',
    fields: (t) => ({
      kind: t.field({
        type: JournalKindEnum,
        description: "EMBEDDED (in this process, on the store's database) or NATS (JetStream).",
        resolve: ({ journal }) => journal.kind,
      }),
      id: t.id({
        description:
          'The identity of the journal: a UUID. It changes when the journal begins anew with nothing of what was ' +
          '(a wiped store): indexes of another journal mean nothing here.',
        resolve: ({ journal }) => journal.id,
      }),
      firstIndex: t.field({
        type: 'SafeInt',
        nullable: true,
        description: 'Oldest index from which a feed can resume; null while empty.',
        resolve: ({ store }) => store.firstIndex(),
      }),
      lastIndex: t.field({
        type: 'SafeInt',
        description: 'The highest index in the journal; 0 while empty.',
        resolve: ({ journal }) => journal.lastIndex(),
      }),
      storedIndex: t.field({
        type: 'SafeInt',
        description: 'Everything up to here is in the store.',
        resolve: ({ store }) => store.storedIndex,
      }),
    }),
  });

builder.queryField('journal', (t) =>
  t.field({
    type: JournalStatusRef,
    description: 'The last index of the journal and of the store.',
    resolve: (_root, _args, { journal, store }) => ({ journal, store }),
  }),
);
