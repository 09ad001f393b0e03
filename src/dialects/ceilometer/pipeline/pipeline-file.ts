import { readFileSync } from 'node:fs';
import type { DeclaredSink } from '../../../sinks/declared-sinks.ts';
import { lazyTarget } from '../../../sinks/lazy-target.ts';
import { plainWebhook, type SinkInput, sinkDefaults } from '../../../sinks/spec.ts';
import { WebhookTarget } from '../../../sinks/targets/webhook.ts';
import type { Log } from '../../../telemetry/log.ts';
import { ReloadedFile } from '../../reloaded-file.ts';
import { fileEncoder, httpEncoder, notifierEncoder } from '../encode.ts';
import { readYaml, toValue, YamlError } from '../yaml.ts';
import { type Pipeline, PipelineError, readPipelines } from './pipeline.ts';
import {
  type FilePublisher,
  type HttpPublisher,
  MissingPublisher,
  type NotifierPublisher,
  parsePublisher,
  UnloadablePublisher,
} from './publisher.ts';

interface PipelineOptions {
  readonly file: string;
  /** telemetry_secret of OpenStack's services. */
  readonly secret: string;
  /** Of notifier:// without a host; null where there is none. */
  readonly brokers: readonly string[] | null;
  /** Whether exchanges and queues that have to be created are durable. */
  readonly durable: boolean;
  readonly log: Log;
}

/** control_exchange of Ceilometer. */
const exchange = 'ceilometer';

/** event_pipeline.yaml, each publisher of a pipeline as a sink. @throws Error with a sentence where the file is bad */
export const openPipelineFile = (
  options: PipelineOptions,
): ReloadedFile<readonly DeclaredSink[]> => {
  const { file, log } = options;
  return new ReloadedFile({ file, subject: 'event pipeline', log, load: () => load(options) });
};

function load(options: PipelineOptions): readonly DeclaredSink[] {
  const { file } = options;
  try {
    const config = toValue(readYaml(readFileSync(file, 'utf8')));
    return readPipelines(config).flatMap((pipeline) => sinksOf(pipeline, options));
  } catch (error) {
    const at = error instanceof YamlError ? `${file}:${error.line}` : file;
    throw new Error(`${at}: ${(error as Error).message}`, { cause: error });
  }
}

/** The first is named like the pipeline, further ones are numbered. */
function sinksOf(pipeline: Pipeline, options: PipelineOptions): readonly DeclaredSink[] {
  const sinks = pipeline.publishers.flatMap((url) => loaded(pipeline, url, options));
  return sinks.map((sink, at) => {
    const name = at === 0 ? pipeline.name : `${pipeline.name}:${at + 1}`;
    return { ...sink, input: { ...sink.input, name } };
  });
}

/** @throws PipelineError for a publisher that Ceilometer has and Tidings has not */
function loaded(
  pipeline: Pipeline,
  url: string,
  options: PipelineOptions,
): readonly DeclaredSink[] {
  const common = inputOf(pipeline);
  try {
    const publisher = parsePublisher(url);
    switch (publisher.kind) {
      case 'HTTP':
        return [httpSink(common, publisher)];
      case 'NOTIFIER':
        return notifierSinks(common, publisher, options);
      case 'FILE':
        return [fileSink(common, publisher)];
      case 'TEST':
        return [testSink(common)];
    }
  } catch (error) {
    if (error instanceof MissingPublisher) throw rejected(error, pipeline);
    if (!(error instanceof UnloadablePublisher)) throw error;
    const publisher = url.replace(/\/\/[^/]*@/, '//');
    const { message: reason } = error;
    options.log.error({ publisher, pipeline: pipeline.name, reason }, 'Unable to load publisher.');
    return [];
  }
}

const rejected = (cause: MissingPublisher, { sink }: Pipeline): PipelineError =>
  new PipelineError(cause.message, sink, { cause });

type Common = Omit<SinkInput, 'target'>;

const inputOf = ({ name, events }: Pipeline): Common => ({
  name,
  namespace: 'default',
  filter: { types: events.map(ourGlob) },
  format: 'CEILOMETER',
  ...sinkDefaults,
});

/** Python takes a [ without its ] for itself. */
const ourGlob = (glob: string): string =>
  glob.replace(/\[!?.[^\]]*\]|\[/gs, (found) => (found === '[' ? '[[]' : found));

function httpSink(common: Common, publisher: HttpPublisher): DeclaredSink {
  const { url, timeoutMs, credentials, batch, rawOnly } = publisher;
  const encoder = httpEncoder({ batch, rawOnly });
  const authorization =
    credentials === null ? null : `Basic ${Buffer.from(credentials).toString('base64')}`;
  const headers = authorization === null ? [] : [{ name: 'Authorization', value: authorization }];
  const webhook = { url, headers, timeout: `${timeoutMs}ms`, ...plainWebhook };
  const input = { ...common, target: { webhook } };
  const tls = tlsOf(publisher);
  if (tls === null) return { input, encoder };
  return {
    input,
    encoder,
    openTarget: ({ network }) =>
      new WebhookTarget({
        url,
        headers: authorization === null ? {} : { Authorization: authorization },
        keys: () => [],
        timeoutMs,
        network,
        tls,
      }),
  };
}

/** Null where the system's own authorities verify the target. @throws UnloadablePublisher */
function tlsOf({ verify, authorities, certificate, key }: HttpPublisher) {
  if (verify && authorities === null && certificate === null) return null;
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw new UnloadablePublisher((cause as Error).message, { cause });
    }
  };
  return {
    rejectUnauthorized: verify,
    ...(authorities !== null && { ca: read(authorities) }),
    // A file may hold both.
    ...(certificate !== null && { cert: read(certificate), key: read(key ?? certificate) }),
  };
}

/** A sink for each topic. */
function notifierSinks(
  common: Common,
  publisher: NotifierPublisher,
  { secret, durable, ...options }: PipelineOptions,
): readonly DeclaredSink[] {
  const brokers = publisher.brokers ?? options.brokers;
  if (brokers === null) throw new UnloadablePublisher('set AMQP_URL, or name a host in it');
  const encoder = notifierEncoder(secret);
  return publisher.topics.map((topic) => {
    const routingKey = `${topic}.sample`;
    return {
      input: { ...common, target: { amqp: { exchange, routingKey } } },
      encoder,
      openTarget: () =>
        lazyTarget(async () => {
          // Its library takes 10 MB of a gateway that does not use it.
          const { NotifierTarget } = await import('./notifier-target.ts');
          return new NotifierTarget({ brokers, exchange, routingKey, durable });
        }),
    };
  });
}

function fileSink(common: Common, { path, maxBytes, keep, json }: FilePublisher): DeclaredSink {
  const file = { path, maxBytes: maxBytes ?? Number.MAX_SAFE_INTEGER, keep };
  return { input: { ...common, order: 'STRICT', target: { file } }, encoder: fileEncoder(json) };
}

/** Takes everything and keeps nothing: what was delivered is among the sink's attempts. */
const testSink = (common: Common): DeclaredSink => ({
  input: { ...common, target: { file: { path: '/dev/null' } } },
  openTarget: () => ({
    deliver: async () => ({ kind: 'DELIVERED', status: null, response: null }),
    async [Symbol.asyncDispose]() {},
  }),
});
