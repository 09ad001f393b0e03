import type { Row } from './output/value-at.ts';

/** Fields of Event that commands print, in GraphQL. */
export const eventSelection = `id index namespace type category { name } action severity
  source { service instance endpoint node component plane layer }
  key filterKeys message tags traits { name type value } value time endTime recordedAt dialect`;

/** An event as it is selected. */
export interface SelectedEvent extends Row {
  readonly id: string;
  readonly index: number;
  readonly type: string;
  readonly time: string;
  readonly category: { readonly name: string };
}

/** An event as commands print it: with its category as a string, as sinks send it. */
export interface EventRow extends Row {
  readonly id: string;
  readonly index: number;
  readonly type: string;
  readonly time: string;
}

export const eventRow = (event: SelectedEvent): EventRow => ({
  ...event,
  category: event.category.name,
});

/** Columns of a table of events. */
export const eventColumns = ['time', 'severity', 'type', 'key', 'message'] as const;
