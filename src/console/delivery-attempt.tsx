import type { DeliveryAttempt } from '../client/schema.generated.ts';
import { duration } from './format.ts';

/** The selection of a DeliveryAttempt. */
export const attemptFields = 'at indexes succeeded status milliseconds response';

/** `delivered · status 200 · 12 ms` */
export const attemptLine = ({
  succeeded,
  status,
  milliseconds,
  response,
}: DeliveryAttempt): string =>
  [
    succeeded ? 'delivered' : 'not delivered',
    status === null ? null : `status ${status}`,
    duration(milliseconds),
    response,
  ]
    .filter((part) => part !== null && part !== '')
    .join(' · ');

/** What became of a test; nothing before there was one. */
export const TestOutcome = ({ tested }: { readonly tested: DeliveryAttempt | null }) =>
  tested && (
    <p class={tested.succeeded ? 'notice' : 'notice notice-error'} role="status">
      Test: {attemptLine(tested)}
    </p>
  );
