import { stringifyJson } from '../../event/json.ts';
import type { EncodedMessage } from '../encoder.ts';

/** Integers keep all their digits. */
export const jsonMessage = (body: unknown): EncodedMessage => ({
  contentType: 'application/json',
  headers: {},
  body: stringifyJson(body),
});
