import {
  type Dialect,
  dialects,
  type Instant,
  type Severity,
  severities,
} from '../../event/event.ts';
import type { Filter } from '../../event/filter.ts';
import { type FilterInput, parseFilter } from '../../event/filter-input.ts';
import { InputError } from '../../event/input-error.ts';

const names = [
  'type',
  'subject',
  'source',
  'namespace',
  'tag',
  'severity',
  'dialect',
  'after',
] as const;

/**
 * The filter in the parameters of GET /cloudevents/stream. One that is repeated takes any of its values; of `tag`, all.
 * @throws InputError
 */
export function filterOfQuery(parameters: URLSearchParams, now: Instant): Filter {
  const stray = [...parameters.keys()].find((name) => !names.some((known) => known === name));
  if (stray !== undefined) {
    throw new InputError(
      [stray],
      `There is no parameter ${JSON.stringify(stray.slice(0, 80))}: use ${names.join(', ')}.`,
    );
  }
  const given = (name: (typeof names)[number]): string[] | undefined =>
    parameters.has(name) ? parameters.getAll(name) : undefined;
  const input: FilterInput = {
    types: given('type'),
    keys: given('subject'),
    namespaces: given('namespace'),
    tags: given('tag'),
    severities: given('severity')?.map((text) => oneOf<Severity>(severities, 'severity', text)),
    dialects: given('dialect')?.map((text) => oneOf<Dialect>(dialects, 'dialect', text)),
    any: given('source')?.map(ofSource),
  };
  return parseFilter(input, { now, path: [] });
}

/** A source as we write it, /tidings/<namespace>/<service>/<instance>, or as it came: then it is a service. */
function ofSource(source: string): FilterInput {
  const [, namespace, service, instance] =
    /^\/tidings\/([^/]+)(?:\/([^/]*))?(?:\/([^/]*))?$/.exec(source) ?? [];
  if (namespace === undefined) return { source: { service: source } };
  return {
    namespaces: [decoded(namespace)],
    source: {
      service: service ? decoded(service) : null,
      instance: instance ? decoded(instance) : null,
    },
  };
}

function decoded(segment: string): string {
  const text = decodedOrNull(segment);
  if (text === null) throw new InputError(['source'], 'source is not percent-encoded UTF-8.');
  return text;
}

function decodedOrNull(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

function oneOf<Name extends string>(known: readonly Name[], name: string, text: string): Name {
  const found = known.find((each) => each === text.toUpperCase());
  if (found !== undefined) return found;
  throw new InputError([name], `${name} must be one of ${known.join(', ')}.`);
}
