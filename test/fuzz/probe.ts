import { Agent, get } from 'node:http';
import { createHistogram } from 'node:perf_hooks';

/** Response times of /healthz during the run, in milliseconds. */
export interface ProbeReport {
  readonly answers: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const everyMs = 5;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const histogram = createHistogram();
let url = '';

/** Resolves with whether it was answered. */
function ask(): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      response.resume();
      response.once('end', () => resolve(true));
    });
    request.on('error', () => resolve(false));
  });
}

async function run(): Promise<never> {
  for (;;) {
    const began = performance.now();
    const answered = await ask();
    if (answered) histogram.record(Math.max(1, Math.round((performance.now() - began) * 1_000)));
    await new Promise((resolve) => setTimeout(resolve, answered ? everyMs : 100));
  }
}

const ms = (micros: number): number => Math.round(micros / 100) / 10;

// A process of its own: the event loop that makes the inputs would delay what it measures.
process.on('message', (message: { readonly url: string } | 'report') => {
  if (message !== 'report') {
    url = message.url;
    void run();
    return;
  }
  const report: ProbeReport = {
    answers: histogram.count,
    p50: ms(histogram.percentile(50)),
    p99: ms(histogram.percentile(99)),
    p999: ms(histogram.percentile(99.9)),
    max: ms(histogram.max),
  };
  process.send?.(report, () => process.exit());
});
process.once('disconnect', () => process.exit());
