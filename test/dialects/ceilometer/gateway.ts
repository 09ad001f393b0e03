import { Ceilometer, type CeilometerOptions } from '../../../src/dialects/ceilometer/ceilometer.ts';
import { createCeilometerHttp } from '../../../src/dialects/ceilometer/http.ts';
import type { DialectContext } from '../../../src/dialects/dialect.ts';
import type { Event } from '../../../src/event/event.ts';
import { everything } from '../../../src/event/filter.ts';
import { now } from '../../../src/event/instant.ts';
import { createIntake } from '../../../src/intake/accept.ts';
import { EmbeddedJournal } from '../../../src/journal/embedded.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { DialectGate } from '../../../src/server/http/dialect-gate.ts';
import { createHostRules } from '../../../src/server/http/hosts.ts';
import { HttpServer } from '../../../src/server/http/http-server.ts';
import { openStore } from '../../../src/store/open.ts';
import { createLog, type Log } from '../../../src/telemetry/log.ts';
import { everybody, everybodysSession } from '../../access/everybody.ts';
import { temporaryDatabase } from '../../database.ts';

/** The dialect on a journal and a store of its own. */
export interface TestGateway extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly context: DialectContext;
  readonly ceilometer: Ceilometer;
  /** Makes reports fail as they do while the journal is down. */
  journalDown: boolean;
  events(): Promise<readonly Event[]>;
}

export async function startGateway(
  options: Partial<CeilometerOptions> = {},
  log: Log = createLog('silent'),
): Promise<TestGateway> {
  const { databaseUrl, dataDirectory, ...database } = await temporaryDatabase();
  const store = await openStore({ databaseUrl, dataDirectory, exclusive: true, log });
  const journal = await EmbeddedJournal.open(store);
  const intake = createIntake({ journal, store });
  const context: DialectContext = {
    intake: {
      async report(drafts, wait) {
        if (gateway.journalDown) throw new Unavailable('The journal is down.');
        return intake.report(drafts, wait);
      },
    },
    openFeed: async function* () {},
    store,
    journal,
    sinks: {} as DialectContext['sinks'],
    scope: everybodysSession.scope,
    log,
    now,
  };
  const ceilometer = await Ceilometer.open(options, log);
  const server = new HttpServer({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 1_000,
    hosts: createHostRules({ host: '127.0.0.1', publicUrls: [], corsOrigins: [] }),
    routes: {},
    upgrades: {},
    dialects: new DialectGate({
      dialects: [
        createCeilometerHttp(context, ceilometer, { maxBodyBytes: 1_000_000, maxEvents: 1_000 }),
      ],
      access: everybody,
      contextOf: () => context,
    }),
    log,
  });
  const gateway: TestGateway = {
    url: await server.listen(),
    context,
    ceilometer,
    journalDown: false,
    async events() {
      const { events } = await store.page({ filter: everything, order: 'INDEX_ASC', limit: 1000 });
      return events;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await journal[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
  return gateway;
}

/** A notification as services make it, in the converter's form. */
export const notification = (messageId: string, said: object = {}) => ({
  ctxt: { request_id: 'req-1', project_id: 'p1', user_id: 'u1' },
  publisher_id: 'compute.host1',
  event_type: 'compute.instance.create.end',
  payload: { instance_id: 'i1', display_name: 'web-1', memory_mb: 512 },
  metadata: { message_id: messageId, timestamp: '2026-01-01 08:00:01.123456' },
  ...said,
});

type Notification = ReturnType<typeof notification> & { readonly priority?: string };

/** The same as oslo.messaging's first driver puts it on the wire. */
export const bare = ({ ctxt, metadata, priority = 'INFO', ...rest }: Notification): object => ({
  ...metadata,
  ...rest,
  priority,
  _unique_id: '0123456789abcdef0123456789abcdef',
  ...Object.fromEntries(Object.entries(ctxt).map(([name, value]) => [`_context_${name}`, value])),
});

/** The same in the envelope of messagingv2. */
export const enveloped = (said: Notification): object => ({
  'oslo.version': '2.0',
  'oslo.message': JSON.stringify(bare(said)),
});
