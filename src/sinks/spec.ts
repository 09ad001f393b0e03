import { parseDuration } from '../event/duration.ts';
import type { Instant, Json } from '../event/event.ts';
import { everything, type Filter } from '../event/filter.ts';
import { type FilterInput, parseFilter } from '../event/filter-input.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { parseText } from '../event/text.ts';
import type { Encoder } from './encoder.ts';
import { templateEncoder } from './formats/template.ts';
import { withoutLoops } from './loop-guard.ts';
import type { SinkOrder } from './ordered-queue.ts';
import { parseTarget, type TargetInput, type TargetSpec } from './target-spec.ts';
import { compileTemplate } from './template.ts';

export const sinkFormats = [
  'STANDARD',
  'CLOUDEVENTS_BINARY',
  'CLOUDEVENTS_STRUCTURED',
  'CLOUDEVENTS_BATCH',
  'NOMAD',
  'CEILOMETER',
  'SKYWALKING_ALARM',
  'MAYASTOR',
  'SLACK',
  'DISCORD',
  'PAGERDUTY',
  'ALERTMANAGER',
  'OTLP_LOGS',
  'VAMP_WORKFLOW',
  'TEMPLATE',
] as const;
export type SinkFormat = (typeof sinkFormats)[number];

export const sinkDeliveries = ['EVERY_CHANGE', 'COMPLETED'] as const;
type SinkDelivery = (typeof sinkDeliveries)[number];

/** Where a sink begins, as a caller says it. */
export interface SinkStart {
  readonly index?: number | null | undefined;
  readonly time?: string | number | null | undefined;
  readonly at?: 'NOW' | 'BEGINNING' | null | undefined;
}

/** A sink as a caller describes it: the members of GraphQL's SinkInput, their types checked. */
export interface SinkInput {
  readonly name: string;
  readonly namespace: string;
  readonly description?: string | null | undefined;
  readonly filter?: FilterInput | null | undefined;
  readonly start?: SinkStart | null | undefined;
  readonly target: TargetInput;
  readonly format: SinkFormat;
  readonly template?: string | null | undefined;
  readonly delivers: SinkDelivery;
  readonly order: SinkOrder;
  readonly parallel: number;
  readonly batch: number;
  readonly disableAfter: string;
}

/** The fields of an input that does not name them. */
export const sinkDefaults = {
  delivers: 'EVERY_CHANGE',
  order: 'KEY',
  parallel: 4,
  batch: 1,
  disableAfter: '5d',
} as const satisfies Partial<SinkInput>;

/** A webhook that is neither signed nor asked for its consent. */
export const plainWebhook = { signed: false, handshake: false } as const;

/** A sink that can run. */
export interface SinkSpec {
  readonly name: string;
  readonly namespace: string;
  readonly description: string | null;
  /** As it was given. */
  readonly filterInput: Json;
  readonly filter: Filter;
  readonly target: TargetSpec;
  readonly format: SinkFormat;
  readonly encoder: Encoder;
  readonly delivers: SinkDelivery;
  readonly order: SinkOrder;
  readonly parallel: number;
  readonly batch: number;
  readonly disableAfterMs: number;
}

const maxNameLength = 256;
const maxDescriptionLength = 4_096;
const maxParallel = 64;
const maxBatch = 1_000;

export interface SpecOptions {
  readonly id: string;
  /** By format. */
  readonly encoders: ReadonlyMap<string, Encoder>;
  /** Instead of the one of the format. */
  readonly encoder?: Encoder;
  readonly maxFilterDepth: number;
  /** What `now` means in the filter. */
  readonly now: Instant;
  /** The argument that holds the input. */
  readonly path: readonly string[];
}

/** @throws InputError with the field at fault */
export function parseSpec(input: SinkInput, options: SpecOptions): SinkSpec {
  const { path, now, maxFilterDepth } = options;
  const at = (field: string) => [...path, field];
  const filter = input.filter ?? null;
  return {
    name: nameOf(input.name, at('name')),
    namespace: nameOf(input.namespace, at('namespace')),
    description: descriptionOf(input.description, at('description')),
    filterInput: filter as Json,
    filter: withoutLoops(
      filter === null
        ? everything
        : parseFilter(filter, { now, path: at('filter'), maxDepth: maxFilterDepth }),
      options.id,
    ),
    target: parseTarget(input.target, at('target')),
    format: input.format,
    encoder: encoderOf(input, options),
    delivers: input.delivers,
    order: input.order,
    parallel: between(input.parallel, maxParallel, at('parallel')),
    batch: between(input.batch, maxBatch, at('batch')),
    disableAfterMs: parseDuration(input.disableAfter, at('disableAfter')) / 1_000,
  };
}

function nameOf(text: string, path: readonly string[]): string {
  const name = parseText(text, path);
  if (name !== '' && name.length <= maxNameLength) return name;
  throw new InputError(path, `A name has 1 to ${maxNameLength} characters, not ${name.length}.`);
}

function descriptionOf(text: string | null | undefined, path: readonly string[]): string | null {
  if (text == null) return null;
  const { length } = parseText(text, path);
  if (length <= maxDescriptionLength) return text;
  throw new InputError(
    path,
    `A description has at most ${maxDescriptionLength} characters, not ${length}.`,
  );
}

function between(value: number, most: number, path: readonly string[]): number {
  if (value >= 1 && value <= most) return value;
  throw new InputError(path, `${path.at(-1)} must be between 1 and ${most}, got ${value}.`);
}

function encoderOf(
  { format, template, batch }: SinkInput,
  { encoders, encoder: own, path }: SpecOptions,
): Encoder {
  const at = (field: string) => [...path, field];
  if (format === 'TEMPLATE' && own === undefined) {
    if (template == null) throw new InputError(at('template'), 'Format TEMPLATE needs a template.');
    return templateEncoder(compileTemplate(template, at('template')));
  }
  if (template != null) {
    throw new InputError(at('template'), `Only format TEMPLATE has a template, not ${format}.`);
  }
  const encoder = own ?? encoders.get(format);
  if (encoder === undefined) {
    throw new InputError(at('format'), `Format ${quoted(format)} is not available here.`);
  }
  if (batch > encoder.maxBatch) {
    throw new InputError(
      at('batch'),
      `A message in format ${format} has at most ${encoder.maxBatch} events, not ${batch}.`,
    );
  }
  return encoder;
}
