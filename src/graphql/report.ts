import type { ReportError, ReportResult, ReportWait } from '../intake/intake.ts';
import { builder } from './builder.ts';
import { draftOf, EventInputRef } from './event-input.ts';

export const ReportWaitEnum = builder.enumType('ReportWait', {
  description: 'How long a report waits for its answer.',
  values: {
    ACCEPTED: { description: 'Answer when the event is safe in the journal.' },
    STORED: {
      description: 'Answer when queries show it; after 5 s the answer is ACCEPTED all the same.',
    },
  } satisfies Record<ReportWait, { description: string }>,
});

type Reported = Extract<ReportResult, { index: number }>;
type Rejected = Extract<ReportResult, { status: 'REJECTED' }>;

const ReportStatusEnum = builder.enumType('ReportStatus', {
  description: 'What became of a report.',
  values: {
    STORED: { description: 'Safe, and queries show it.' },
    ACCEPTED: { description: 'Safe in the journal; queries will show it.' },
    DUPLICATE: { description: 'It repeats a report that was there already and changes nothing.' },
  } satisfies Record<Reported['status'], { description: string }>,
});

export const ReportedEventRef = builder.objectRef<Reported>('ReportedEvent').implement({
  description: 'An event that was recorded and will never be lost.',
  fields: (t) => ({
    id: t.id({ description: 'The id it was given, or had.', resolve: ({ report }) => report.id }),
    index: t.expose('index', { type: 'SafeInt', description: 'Its place in the journal.' }),
    status: t.expose('status', { type: ReportStatusEnum, description: 'How far it has come.' }),
  }),
});

const ReportErrorRef = builder.objectRef<ReportError>('ReportError').implement({
  description: 'One thing that is wrong with a reported event.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: 'The input field at fault: ["traits", "0", "value"].',
    }),
    code: t.exposeString('code', {
      description: 'REQUIRED, INVALID, TOO_LONG, TOO_MANY, FORBIDDEN.',
    }),
    message: t.exposeString('message', { description: 'One sentence that says what to change.' }),
  }),
});

export const RejectedEventRef = builder.objectRef<Rejected>('RejectedEvent').implement({
  description: 'An event that was not recorded; those beside it were.',
  fields: (t) => ({
    errors: t.field({
      type: [ReportErrorRef],
      description: 'Everything that is wrong with it.',
      resolve: ({ errors }) => errors,
    }),
  }),
});

const ReportResultRef = builder.unionType('ReportResult', {
  description: 'What became of one reported event.',
  types: [ReportedEventRef, RejectedEventRef],
  resolveType: (result) => (result.status === 'REJECTED' ? RejectedEventRef : ReportedEventRef),
});

const ReportEventsPayloadRef = builder
  .objectRef<readonly ReportResult[]>('ReportEventsPayload')
  .implement({
    description: 'The answer to reportEvents.',
    fields: (t) => ({
      results: t.field({
        type: [ReportResultRef],
        description: 'One for each reported event, in the order given.',
        resolve: (results) => results,
      }),
      accepted: t.int({
        description: 'How many were recorded, or were there already.',
        resolve: (results) => results.length - rejected(results),
      }),
      rejected: t.int({ description: 'How many were not.', resolve: rejected }),
    }),
  });

const rejected = (results: readonly ReportResult[]): number =>
  results.filter(({ status }) => status === 'REJECTED').length;

builder.mutationField('reportEvent', (t) =>
  t.field({
    type: ReportResultRef,
    description: 'Reports one event; see reportEvents.',
    args: {
      event: t.arg({ type: EventInputRef, required: true, description: 'What happened.' }),
      wait: t.arg({ type: ReportWaitEnum, defaultValue: 'STORED', description: 'When to answer.' }),
    },
    resolve: async (_root, { event, wait }, { intake }) => {
      const [result] = await intake.report([draftOf(event)], wait ?? 'STORED');
      if (result === undefined) throw new Error('The intake answered nothing for an event.');
      return result;
    },
  }),
);

builder.mutationField('reportEvents', (t) =>
  t.field({
    type: ReportEventsPayloadRef,
    description:
      'Reports events in order, at most 1000 a call. Each stands for itself: a bad one is answered as ' +
      'RejectedEvent and the others are recorded. Nothing that was answered as ReportedEvent is ever lost. ' +
      'A second report with the same id completes the first: the earliest time and the latest endTime stand, ' +
      'and a later non-empty severity, message, value, tag or trait is added over the earlier one.',
    args: {
      events: t.arg({ type: [EventInputRef], required: true, description: 'What happened.' }),
      wait: t.arg({ type: ReportWaitEnum, defaultValue: 'STORED', description: 'When to answer.' }),
    },
    resolve: (_root, { events, wait }, { intake }) =>
      intake.report(events.map(draftOf), wait ?? 'STORED'),
  }),
);
