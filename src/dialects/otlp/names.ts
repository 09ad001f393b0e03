/** What an event keeps of a log record in traits of its own. */
export const ownTraits = {
  traceId: 'otlp.traceId',
  spanId: 'otlp.spanId',
  severityText: 'otlp.severityText',
  scope: 'otlp.scope',
} as const;

/** Resource attributes that are fields of the source; the others are traits. */
export const sourceAttributes = {
  service: 'service.name',
  instance: 'service.instance.id',
  node: 'host.name',
} as const;

/** Before the name of any other resource attribute, as a trait. */
export const resourcePrefix = 'resource.';

/** From this severity number on a record is an error; with INFO, what is written. */
export const [infoNumber, errorNumber] = [9, 17] as const;
