import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { InputError } from '../../src/event/input-error.ts';
import { cursorOf, positionOf } from '../../src/graphql/cursor.ts';

const orders = fc.constantFrom('TIME_ASC', 'TIME_DESC', 'INDEX_ASC', 'INDEX_DESC');
const positions = fc.record({
  time: fc.maxSafeInteger(),
  index: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
});

test('a cursor is the position that it was made from, in its own order only', () => {
  fc.assert(
    fc.property(orders, orders, positions, (order, other, position) => {
      const cursor = cursorOf(order, position as Event);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(positionOf(cursor, order, 'after')).toEqual(position);
      if (other !== order) expect(() => positionOf(cursor, other, 'after')).toThrow(InputError);
    }),
  );
});

test('a string that is not a cursor is rejected with the name of its argument', () => {
  const strings = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String(),
    fc.string().map((text) => Buffer.from(`TIME_DESC:${text}`).toString('base64url')),
  );
  fc.assert(
    fc.property(strings, (text) => {
      fc.pre(
        !/^TIME_DESC:-?\d{1,16}:\d{1,16}$/.test(Buffer.from(text, 'base64url').toString('latin1')),
      );
      expect(() => positionOf(text, 'TIME_DESC', 'before')).toThrow(
        expect.objectContaining({ argument: ['before'] }),
      );
    }),
  );
});
