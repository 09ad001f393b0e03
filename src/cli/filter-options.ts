import type { EventFilter, TimeRange } from '../client/schema.generated.ts';
import { parseFilterText } from '../filter-text/parse.ts';
import { quote } from '../filter-text/print.ts';
import { FilterTextError, type Terms } from '../filter-text/term.ts';
import { filterOfTerms } from '../filter-text/to-filter.ts';
import type { Call } from './call.ts';
import type { Options } from './command.ts';
import { usageError } from './exit-code.ts';

const several = (argument: string, description: string, short?: string) =>
  ({
    type: 'string',
    multiple: true,
    argument,
    description,
    ...(short !== undefined && { short }),
  }) as const;

/** Options that add to the filter, each as the field of the same name in a filter string. */
const fieldOptions = {
  type: several('GLOB', 'Of this type: Volume.*; several: one of them.', 't'),
  category: several('NAME', 'Of this category.'),
  action: several('NAME', 'Of this action.'),
  severity: several('SEVERITY', 'normal or error.'),
  ns: several('NAMESPACE', 'In this namespace.', 'n'),
  key: several('KEY', 'With this key, or with it among the filter keys.', 'k'),
  tag: several('TAG', 'With this tag; several: all of them.'),
  topic: several('TOPIC', 'Of this topic: Category, Category:key, *:key.'),
  id: several('UUID', 'With this id.'),
  service: several('NAME', 'Of this service.'),
  instance: several('NAME', 'Of this instance.'),
  endpoint: several('NAME', 'Of this endpoint.'),
  node: several('NAME', 'On this host.'),
  component: several('NAME', 'Reported by this program.'),
  plane: several('PLANE', 'control or data.'),
  layer: several('NAME', 'Of this layer of SkyWalking.'),
  dialect: several('NAME', 'That arrived in this language: nomad.'),
} as const;

/** For commands about things that belong to a namespace. */
export const namespacesOption = several('NAME', 'Of these namespaces.', 'n');

/** A range of time. */
export const timeOptions = {
  since: {
    type: 'string',
    argument: 'TIME',
    description: 'Not before: 1h, 2026-11-20, now-1d/d.',
  },
  until: { type: 'string', argument: 'TIME', description: 'Not after.' },
} as const satisfies Options;

/** Options of every command that selects events. */
export const filterOptions = {
  ...fieldOptions,
  'any-tag': several('TAG', 'With at least one of these tags.'),
  trait: several('TEST', "With a trait that passes: 'size>10', pool:gold, or just size."),
  ...timeOptions,
  ended: { type: 'boolean', description: 'Only what has an end time.' },
  open: { type: 'boolean', description: 'Only what has no end time.' },
  filter: {
    type: 'string',
    argument: 'JSON',
    description: "The API's EventFilter, in addition to the rest.",
  },
} as const satisfies Options;

/** Help of commands whose arguments are a filter. */
export const filterHelp =
  'FILTER is a filter string: type:Volume.* severity:error -key:web "trait.size>10" since:1h.\n' +
  'Options say the same; all that is given must match. docs/filters.md has the whole language.';

/**
 * The filter of the arguments and the options of a command.
 * @param args the arguments that are the filter string
 * @throws CommandError
 */
export function filterOf(call: Call, args: readonly string[] = call.arguments): EventFilter {
  const terms = [...termsIn(args.join(' ').trim()), ...optionTerms(call)];
  const json = jsonFilter(call.text('filter'));
  const filter = filterOfTerms(terms);
  return json === null ? filter : { ...filter, all: [...(filter.all ?? []), json] };
}

function optionTerms(call: Call): Terms {
  const fields = Object.keys(fieldOptions).flatMap((name) =>
    call.list(name).map((value) => [name, `${name}:${quote(value)}`] as const),
  );
  const anyTags = call.list('any-tag').map(quote).join(',');
  const strings = [
    ...fields,
    ...call.list('trait').map((test) => ['trait', `trait.${test}`] as const),
    ...(anyTags === '' ? [] : [['any-tag', `tag:${anyTags}`] as const]),
    ...timeStrings(call),
    ...(call.flag('ended') ? [['ended', 'ended:true'] as const] : []),
    ...(call.flag('open') ? [['open', 'ended:false'] as const] : []),
  ];
  return strings.flatMap(([option, text]) => optionTerm(option, text));
}

function timeStrings(call: Call): readonly (readonly [string, string])[] {
  return ['since', 'until'].flatMap((name) => {
    const time = call.text(name);
    return time === undefined ? [] : [[name, `${name}:${quote(time)}`] as const];
  });
}

/** The range of --since and --until; null where neither is given. @throws CommandError */
export function timeRangeOf(call: Call): TimeRange | null {
  const terms = timeStrings(call).flatMap(([option, text]) => optionTerm(option, text));
  return filterOfTerms(terms).time ?? null;
}

function optionTerm(option: string, text: string): Terms {
  try {
    return parseFilterText(text);
  } catch (error) {
    if (error instanceof FilterTextError) throw usageError(`--${option}: ${error.message}`, error);
    throw error;
  }
}

/** @throws CommandError that shows what is at fault */
function termsIn(text: string): Terms {
  try {
    return parseFilterText(text);
  } catch (error) {
    if (!(error instanceof FilterTextError)) throw error;
    const { message, from, to } = error;
    const mark = `${' '.repeat(from)}${'^'.repeat(Math.max(1, to - from))}`;
    throw usageError(`The filter cannot be read. ${message}\n  ${text}\n  ${mark}`, error);
  }
}

function jsonFilter(text: string | undefined): EventFilter | null {
  if (text === undefined) return null;
  try {
    const filter: unknown = JSON.parse(text);
    if (typeof filter === 'object' && filter !== null) return filter as EventFilter;
  } catch (cause) {
    throw usageError(`--filter is not JSON: ${(cause as Error).message}`, cause);
  }
  throw usageError('--filter is not an object of JSON: write {"tags": ["a"]}.');
}
