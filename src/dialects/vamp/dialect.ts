import { flag, oneOf, option } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';
import { createVampHttp } from './http.ts';

/** Vamp: its events API over HTTP, server-sent events and WebSocket, in and out. */
export const vamp = defineDialect({
  name: 'vamp',
  hasHttp: true,
  variables: {
    TIDINGS_VAMP_VALUES: option(
      oneOf(['text', 'typed']),
      'text',
      'How Vamp clients are given values: `text`, as Vamp does, or `typed`.',
    ),
    TIDINGS_VAMP_STRICT: option(
      flag,
      'false',
      'Whether Vamp requests are rejected wherever Vamp rejects them.',
    ),
  },

  async open(context, { values, http, maxBodyBytes }) {
    const options = { values: values.TIDINGS_VAMP_VALUES, strict: values.TIDINGS_VAMP_STRICT };
    return { http: http ? createVampHttp(context, { ...options, maxBodyBytes }) : undefined };
  },
});
