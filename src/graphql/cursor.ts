import type { Event } from '../event/event.ts';
import { InputError } from '../event/input-error.ts';
import type { EventOrder, Position } from '../store/store.ts';

const form = /^(TIME_ASC|TIME_DESC|INDEX_ASC|INDEX_DESC):(-?\d{1,16}):(\d{1,16})$/;

/** The position of an event in an order, opaque to clients. */
export function cursorOf(order: EventOrder, { time, index }: Event): string {
  return Buffer.from(`${order}:${time}:${index}`).toString('base64url');
}

/** @throws InputError with the argument's name where the cursor is not ours, or belongs to another order */
export function positionOf(cursor: string, order: EventOrder, argument: string): Position {
  const bytes = Buffer.from(cursor, 'base64url');
  const [, ofOrder, time, index] = form.exec(bytes.toString('latin1')) ?? [];
  if (ofOrder === undefined || bytes.toString('base64url') !== cursor) {
    throw new InputError([argument], 'Unknown cursor: pass one that a page returned.');
  }
  if (ofOrder !== order) {
    throw new InputError(
      [argument],
      `The cursor is of a page ordered by ${ofOrder}: ask for the same orderBy.`,
    );
  }
  return { time: Number(time), index: Number(index) };
}
