import { repr, str } from '../python/text.ts';
import { type Dict, isDict, type Value } from '../python/value.ts';

/** Events of a source's types, on their way to the publishers of a sink. */
export interface Pipeline {
  /** event:<source>:<sink>, or event:<name> where they have the same name. */
  readonly name: string;
  /** Names and globs, those with a leading ! excluded. */
  readonly events: readonly string[];
  /** URLs, in the order given. */
  readonly publishers: readonly string[];
  /** The sink as the file has it, for errors about its publishers. */
  readonly sink: Dict;
}

/** A fault of event_pipeline.yaml, in Ceilometer's words: `Pipeline <where, as Python shows it>: <what>`. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';

  constructor(what: string, where: Value, options?: ErrorOptions) {
    super(`Pipeline ${repr(where, longestShown)}: ${what}`, options);
  }
}

/** Of the part of the file that an error shows, in UTF-16 units. */
const longestShown = 4_000;

interface Source {
  readonly name: string;
  readonly events: readonly string[];
  readonly sinks: readonly Value[];
  readonly given: Dict;
}

interface Sink {
  readonly name: string;
  readonly publishers: readonly string[];
  readonly given: Dict;
}

/** The pipelines of a file, in Ceilometer's order. The first fault is the one that Ceilometer finds. @throws PipelineError */
export function readPipelines(config: Value): readonly Pipeline[] {
  if (!isDict(config) || !Object.hasOwn(config, 'sources') || !Object.hasOwn(config, 'sinks')) {
    throw new PipelineError('Both sources & sinks are required', config);
  }
  const sources = readEach(config, 'sources', 'source', readSource);
  const sinks = readEach(config, 'sinks', 'sink', readSink);
  const byName = new Map(sinks.map((sink) => [sink.name, sink]));
  const pipelines = sources.flatMap((source) => pipelinesOf(source, byName));
  const repeated = firstRepeated(pipelines.map(({ name }) => name));
  if (repeated === null) return pipelines;
  throw new PipelineError(
    `Duplicate pipeline name: ${repeated}. Ensure pipeline names are unique. (name is the source and sink names combined)`,
    config,
  );
}

/** Reads the mappings of a list in their order, each before the name of the next one is compared. */
function readEach<Read>(
  config: Dict,
  field: string,
  kind: string,
  read: (entry: Dict) => Read,
): Read[] {
  const list = config[field] ?? null;
  if (!Array.isArray(list)) throw new PipelineError(`${field} must be a list`, config);
  const names = new Set<string>();
  return list.map((entry) => {
    if (!isDict(entry)) throw new PipelineError(`A ${kind} must be a mapping`, entry);
    const name = str(entry.name ?? null);
    if (names.has(name)) throw new PipelineError(`Duplicated ${kind} names: ${name}`, config);
    names.add(name);
    return read(entry);
  });
}

function readSource(given: Dict): Source {
  const name = required(given, 'name');
  const sinks = required(given, 'sinks');
  const events = given.events ?? null;
  if (isEmpty(events)) throw new PipelineError('No events specified', given);
  const names = stringsOf(events, 'events', given);
  checkEvents(names, given);
  if (!isEmpty(sinks) && !Array.isArray(sinks)) {
    throw new PipelineError('sinks must be a list', given);
  }
  return { name: str(name), events: names, sinks: Array.isArray(sinks) ? sinks : [], given };
}

/** Names alone, exclusions alone, or a pattern that begins with a star and exclusions. */
function checkEvents(events: readonly string[], given: Dict): void {
  const isIncluded = (event: string) => !/^[!*]/.test(event);
  if (events.some(isIncluded) && events.some((event) => event.startsWith('!'))) {
    throw new PipelineError('Both included and excluded events specified', given);
  }
  if (events.includes('*') && events.some(isIncluded)) {
    throw new PipelineError('Included events specified with wildcard', given);
  }
}

function readSink(given: Dict): Sink {
  const name = required(given, 'name');
  const publishers = given.publishers ?? null;
  if (isEmpty(publishers)) throw new PipelineError('No publisher specified', given);
  const urls = stringsOf(publishers, 'publishers', given);
  return {
    name: str(name),
    publishers: urls.map((url) => (url.includes('://') ? url : `${url}://`)),
    given,
  };
}

function pipelinesOf(source: Source, sinks: ReadonlyMap<string, Sink>): Pipeline[] {
  const { name, events, given } = source;
  if (source.sinks.length === 0) {
    throw new PipelineError(`No sink defined in source ${name}`, given);
  }
  const targets = source.sinks.map((wanted) => {
    const sink = sinks.get(str(wanted));
    if (sink !== undefined) return sink;
    throw new PipelineError(`Dangling sink ${str(wanted)} from source ${name}`, given);
  });
  return targets.map((sink) => ({
    name: name === sink.name ? `event:${name}` : `event:${name}:${sink.name}`,
    events,
    publishers: sink.publishers,
    sink: sink.given,
  }));
}

function required(given: Dict, field: string): Value {
  if (Object.hasOwn(given, field)) return given[field] ?? null;
  throw new PipelineError(`Required field ${field} not specified`, given);
}

/** What Python takes for false. */
const isEmpty = (value: Value): boolean =>
  value === null ||
  value === false ||
  value === 0 ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isDict(value) && Object.keys(value).length === 0);

function stringsOf(value: Value, field: string, given: Dict): readonly string[] {
  const list = Array.isArray(value) ? value : [null];
  if (list.every((each): each is string => typeof each === 'string' && each !== '')) return list;
  throw new PipelineError(`${field} must be a list of strings that are not empty`, given);
}

function firstRepeated(names: readonly string[]): string | null {
  return names.find((name, at) => names.indexOf(name) !== at) ?? null;
}
