// Notifications a second through the Ceilometer converter with the default definitions, on one core: converted alone, and
// from the JSON on the wire to the finished draft. Run: npm run build && npm --prefix bench run convert [-- seconds]
import { readFileSync } from 'node:fs';

const dialect = new URL('../dist/dialects/ceilometer/', import.meta.url);
const { Ceilometer } = await import(new URL('ceilometer.js', dialect).href);
const { Converter } = await import(new URL('converter.js', dialect).href);
const { parseDefinitions } = await import(new URL('definitions.js', dialect).href);
const { readJson } = await import(new URL('json.js', dialect).href);

const file = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const seconds = Number(process.argv[2] ?? 5);
const target = 25_000;

const { cases } = readJson(file('../test/fixtures/ceilometer/oracle.json'));
const converter = new Converter(
  parseDefinitions(file('../definitions/ceilometer.yaml'), 'ceilometer.yaml'),
  { dropUnmatched: false, storeRaw: [] },
);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const ceilometer = await Ceilometer.open({}, log);
const notifications = cases.map(({ priority, notification }) => ({
  level: priority,
  body: notification,
}));
const messages = cases.map(({ priority, notification }) => wire(priority, notification));

/** As oslo.messaging writes it. */
function wire(priority, { ctxt, publisher_id, event_type, payload, metadata }) {
  const context = Object.entries(ctxt ?? {}).map(([name, value]) => [`_context_${name}`, value]);
  const message = {
    message_id: metadata?.message_id,
    publisher_id,
    event_type,
    priority: priority.toUpperCase(),
    payload,
    timestamp: metadata?.timestamp,
    _unique_id: '0123456789abcdef0123456789abcdef',
    ...Object.fromEntries(context),
  };
  return JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) });
}

/** Runs over all cases again and again; the first tenth of the time warms up. */
function measure(name, inputs, convert) {
  const begin = performance.now();
  const counted = { from: 0, count: 0, refused: 0 };
  for (;;) {
    for (const input of inputs) counted.refused += convert(input);
    counted.count += inputs.length;
    const elapsed = performance.now() - begin;
    if (counted.from === 0 && elapsed > seconds * 100) {
      Object.assign(counted, { from: elapsed, count: 0, refused: 0 });
    } else if (elapsed > seconds * 1000) {
      const rate = Math.round((counted.count * 1000) / (elapsed - counted.from));
      const refused = ((100 * counted.refused) / counted.count).toFixed(1);
      console.log(`${name.padEnd(28)} ${String(rate).padStart(8)} a second (${refused} % refused)`);
      return rate;
    }
  }
}

const converted = measure('notification to event', notifications, (notification) => {
  try {
    converter.convert(notification);
    return 0;
  } catch {
    return 1;
  }
});
measure('wire to draft', messages, (text) =>
  ceilometer.readText(text, 'info').outcome === 'refused' ? 1 : 0,
);
console.log(`at least ${target} events a second: ${converted >= target ? 'reached' : 'MISSED'}`);
process.exitCode = converted >= target ? 0 : 1;
