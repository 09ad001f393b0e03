import type { Event } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import type { Encoder } from '../encoder.ts';
import { jsonMessage } from './json-message.ts';

/** Empty labels are as good as none. */
const labelsOf = ({ type, namespace, severity, key, source }: Event) => ({
  alertname: type,
  namespace,
  severity: severity === 'ERROR' ? 'error' : 'info',
  key: key ?? '',
  service: source.service ?? '',
  instance: source.instance ?? '',
  node: source.node ?? '',
});

/** Ten years. */
const longMicros = 10 * 365 * 86_400_000_000;

const alertOf = (event: Event) => ({
  // The same labels at the start and at the end: then Alertmanager resolves the alert.
  labels: labelsOf(event),
  annotations: { summary: event.message ?? event.type, event: event.id },
  startsAt: formatInstant(event.time),
  // Without an end Alertmanager takes an alert that is not repeated for over after its resolve_timeout.
  endsAt: formatInstant(event.endTime ?? event.time + longMicros),
});

/** POST /api/v2/alerts of an Alertmanager. */
export const alertmanagerEncoder: Encoder = {
  format: 'ALERTMANAGER',
  maxBatch: 1_000,
  encode: (events) => jsonMessage(events.map(alertOf)),
};
