import type { Row } from './output/value-at.ts';
import { type Hidden, visible } from './visible-fields.ts';

/** Fields of Event that commands print, in GraphQL. @param withRaw also the message as it arrived */
export const eventSelection = (hidden: Hidden, withRaw = false): string =>
  visible(hidden, [
    ['id index namespace type category { name } action severity', null],
    ['source { service instance endpoint node component plane layer } key filterKeys', null],
    ['message', 'MESSAGE'],
    ['tags', null],
    ['traits { name type value }', 'TRAITS'],
    ['value', 'VALUE'],
    ['time endTime recordedAt dialect', null],
    [withRaw ? 'raw' : '', 'RAW'],
  ]);

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
