import type { Encoder } from '../encoder.ts';
import type { Template } from '../template.ts';

/** The owner's own template. */
export const templateEncoder = (template: Template): Encoder => ({
  format: 'TEMPLATE',
  maxBatch: 1,
  encode: ([event]) => {
    if (event === undefined) return null;
    const contentType = template.isJson ? 'application/json' : 'text/plain; charset=utf-8';
    return { contentType, headers: {}, body: template.render(event) };
  },
});
