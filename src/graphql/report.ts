import type {
  Intake,
  ReportError,
  ReportErrorCode,
  ReportResult,
  ReportWait,
} from '../intake/intake.ts';
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

/** A result with what the caller needs to find the event in its own list. */
type InCall<Result> = Result & {
  readonly position: number;
  /** The id that the reporter gave. */
  readonly givenId: string | null;
};

type Reported = Extract<ReportResult, { index: number }>;
type Rejected = Extract<ReportResult, { status: 'REJECTED' }>;

/** The results of one call in its order, under the ids that were given in it. */
export const inCall = <Result>(
  results: readonly Result[],
  givenIds: readonly (string | null)[] = [],
): readonly InCall<Result>[] =>
  // In this order: members that are added to a copy make it twenty times as slow.
  results.map((result, position) => ({
    position,
    givenId: givenIds[position] ?? null,
    ...result,
  }));

/** Anything longer is not an id. */
const maxIdLength = 100;

const positionDescription = 'Its position in the call, from 0.';

const ReportStatusEnum = builder.enumType('ReportStatus', {
  description: 'What became of a report.',
  values: {
    STORED: { description: 'Safe, and queries show it.' },
    ACCEPTED: { description: 'Safe in the journal; queries will show it.' },
    DUPLICATE: { description: 'It repeats a report that was there already and changes nothing.' },
  } satisfies Record<Reported['status'], { description: string }>,
});

export const ReportedEventRef = builder.objectRef<InCall<Reported>>('ReportedEvent').implement({
  description: 'An event that was recorded and will never be lost.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: positionDescription }),
    id: t.id({
      description: 'The id that was given, or else made.',
      resolve: ({ report }) => report.id,
    }),
    index: t.expose('index', { type: 'SafeInt', description: 'Its index in the journal.' }),
    status: t.expose('status', {
      type: ReportStatusEnum,
      description: 'Whether queries show it already.',
    }),
  }),
});

const ReportErrorCodeEnum = builder.enumType('ReportErrorCode', {
  description: 'Why an event was not recorded. Later versions may add codes.',
  values: {
    REQUIRED: { description: 'Something is missing.' },
    INVALID: { description: 'Something is not of the form that it must have.' },
    TOO_LONG: { description: 'Something has too many characters or bytes.' },
    TOO_MANY: { description: 'A list has too many entries.' },
    FORBIDDEN: { description: 'The caller may not report this.' },
    CONFLICT: { description: 'The id belongs to an event of another namespace.' },
    UNAVAILABLE: { description: 'Not recorded now: report this event again.' },
  } satisfies Record<ReportErrorCode, { description: string }>,
});

const ReportErrorRef = builder.objectRef<ReportError>('ReportError').implement({
  description: 'One thing that is wrong with a reported event.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: 'The input field at fault: ["traits", "0", "value"].',
    }),
    code: t.expose('code', {
      type: ReportErrorCodeEnum,
      description: 'The kind of mistake, for programs.',
    }),
    message: t.exposeString('message', { description: 'One sentence that says what to change.' }),
  }),
});

export const RejectedEventRef = builder.objectRef<InCall<Rejected>>('RejectedEvent').implement({
  description:
    'An event that was not recorded. The other events of the call are not affected by it.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: positionDescription }),
    id: t.exposeID('givenId', {
      nullable: true,
      description: 'The id that the reporter gave, if any.',
    }),
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
  .objectRef<readonly InCall<ReportResult>[]>('ReportEventsPayload')
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

const rejected = (results: readonly Pick<ReportResult, 'status'>[]): number =>
  results.filter(({ status }) => status === 'REJECTED').length;

/** Keeps only the ids of the inputs until the answer: a call may be megabytes. */
function report(
  intake: Intake,
  inputs: readonly (typeof EventInputRef.$inferInput)[],
  wait: ReportWait,
): Promise<readonly InCall<ReportResult>[]> {
  const ids = inputs.map(({ id }) => (id != null && id.length <= maxIdLength ? id : null));
  return intake.report(inputs.map(draftOf), wait).then((results) => inCall(results, ids));
}

builder.mutationField('reportEvent', (t) =>
  t.field({
    type: ReportResultRef,
    description: 'Reports one event; see reportEvents.',
    args: {
      event: t.arg({ type: EventInputRef, required: true, description: 'What happened.' }),
      wait: t.arg({
        type: ReportWaitEnum,
        required: true,
        defaultValue: 'STORED',
        description: 'When to answer.',
      }),
    },
    resolve: async (_root, { event, wait }, { intake }) => {
      const [result] = await report(intake, [event], wait);
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
      'A second report of the same namespace with the same id completes the first: the earliest time and the latest endTime count, ' +
      'and a later non-empty severity, message, value, tag or trait is added over the earlier one.',
    args: {
      events: t.arg({ type: [EventInputRef], required: true, description: 'What happened.' }),
      wait: t.arg({
        type: ReportWaitEnum,
        required: true,
        defaultValue: 'STORED',
        description: 'When to answer.',
      }),
    },
    resolve: (_root, { events, wait }, { intake }) => report(intake, events, wait),
  }),
);
