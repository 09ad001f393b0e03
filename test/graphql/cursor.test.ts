import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { InputError } from '../../src/event/input-error.ts';
import { cursorOf, positionOf } from '../../src/graphql/cursor.ts';

const orders = fc.constantFrom('TIME_ASC', 'TIME_DESC', 'INDEX_ASC', 'INDEX_DESC');
const places = fc.record({
  time: fc.maxSafeInteger(),
  index: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
});

test('a cursor is the place that it was made of, in its own order only', () => {
  fc.assert(
    fc.property(orders, orders, places, (order, other, place) => {
      const cursor = cursorOf(order, place as Event);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(positionOf(cursor, order, 'after')).toEqual(place);
      if (other !== order) expect(() => positionOf(cursor, other, 'after')).toThrow(InputError);
    }),
  );
});

test('a text that is no cursor of ours is refused by the name of its argument', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String(),
    fc.string().map((text) => Buffer.from(`TIME_DESC:${text}`).toString('base64url')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      fc.pre(
        !/^TIME_DESC:-?\d{1,16}:\d{1,16}$/.test(Buffer.from(text, 'base64url').toString('latin1')),
      );
      expect(() => positionOf(text, 'TIME_DESC', 'before')).toThrow(
        expect.objectContaining({ argument: ['before'] }),
      );
    }),
  );
});
