import { InputError } from '../../event/input-error.ts';
import type { FieldBuilder } from '../../graphql/builder.ts';
import {
  inCall,
  RejectedEventRef,
  ReportedEventRef,
  ReportWaitEnum,
} from '../../graphql/report.ts';
import type { Intake } from '../../intake/intake.ts';
import type {
  DroppedNotification,
  NotificationResult,
  ReportNotifications,
} from './report-notifications.ts';

declare module '../../graphql/context.ts' {
  interface DialectServices {
    /** Absent where OpenStack's dialect is off. */
    readonly reportNotifications?: (intake: Intake) => ReportNotifications;
  }
}

/** The mutation for those who have notifications and speak GraphQL. */
export function addReportNotifications(builder: FieldBuilder): void {
  const payload = payloadRef(builder);
  builder.mutationField('reportNotifications', (t) =>
    t.field({
      type: payload,
      description:
        "Reports OpenStack's notifications, which become events by the event definitions. Each is in the form of " +
        "Ceilometer's converter (ctxt, publisher_id, event_type, payload, metadata, and optionally priority) or " +
        'as oslo.messaging puts it on the wire, in an envelope or bare, and stands for itself.',
      args: {
        notifications: t.arg({ type: ['JSON'], required: true, description: 'What was notified.' }),
        wait: t.arg({
          type: ReportWaitEnum,
          required: true,
          defaultValue: 'STORED',
          description: 'When to answer.',
        }),
      },
      resolve: (_root, { notifications, wait }, { intake, dialects }) => {
        if (dialects.reportNotifications !== undefined) {
          return dialects.reportNotifications(intake)(notifications, wait);
        }
        throw new InputError(['notifications'], "OpenStack's dialect is off in this gateway.");
      },
    }),
  );
}

function payloadRef(builder: FieldBuilder) {
  const result = resultRef(builder);
  return builder.objectRef<readonly NotificationResult[]>('ReportNotificationsPayload').implement({
    description: 'The answer to reportNotifications.',
    fields: (t) => ({
      results: t.field({
        type: [result],
        description: 'One for each notification, in the order given.',
        resolve: (results) => inCall(results),
      }),
      accepted: t.int({
        description: 'How many were recorded, or were there already.',
        resolve: (results) =>
          results.length - countOf(results, 'REJECTED') - countOf(results, 'DROPPED'),
      }),
      dropped: t.int({
        description: 'How many are not meant to become events.',
        resolve: (results) => countOf(results, 'DROPPED'),
      }),
      rejected: t.int({
        description: 'How many could not be recorded.',
        resolve: (results) => countOf(results, 'REJECTED'),
      }),
    }),
  });
}

function resultRef(builder: FieldBuilder) {
  const droppedRef = builder.objectRef<DroppedNotification>('DroppedNotification').implement({
    description: 'A notification that was read and is not meant to become an event.',
    fields: (t) => ({
      reason: t.exposeString('reason', { description: 'One sentence that says why.' }),
    }),
  });

  return builder.unionType('NotificationResult', {
    description: 'What became of one notification.',
    types: [ReportedEventRef, RejectedEventRef, droppedRef],
    resolveType: ({ status }: NotificationResult) => {
      if (status === 'DROPPED') return droppedRef;
      return status === 'REJECTED' ? RejectedEventRef : ReportedEventRef;
    },
  });
}

const countOf = (results: readonly NotificationResult[], counted: 'DROPPED' | 'REJECTED'): number =>
  results.filter(({ status }) => status === counted).length;
