import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { createLog } from '../../src/telemetry/log.ts';
import { Tracing } from '../../src/telemetry/tracing.ts';

test('a line that is logged within a span has the ids of its trace', async () => {
  const lines: string[] = [];
  const tracing = new Tracing(new BasicTracerProvider().getTracer('test'));
  const log = createLog('info', {
    fields: tracing.ids,
    output: { write: (line) => void lines.push(line) },
  });
  log.info('Outside.');
  const { traceparent } = await tracing.span('work', {}, async (span) => {
    await null;
    log.info('Inside.');
    return span;
  });
  const [outside, inside] = lines.map((line) => JSON.parse(line));
  expect(outside).not.toHaveProperty('trace_id');
  expect(`00-${inside.trace_id}-${inside.span_id}-01`).toBe(traceparent);
});

test('what goes on after its operation has ended does not belong to its trace', async () => {
  const tracing = new Tracing(new BasicTracerProvider().getTracer('test'));
  let later: Promise<unknown> = Promise.resolve();
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  await tracing.span('operation', {}, async () => {
    later = ended.then(() => tracing.ids());
  });
  end();
  expect(await later).toEqual({});
});
