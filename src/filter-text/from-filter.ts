import type { EventFilter, TimeRange, TraitFilter } from '../client/schema.generated.ts';
import { type Field, fields } from './fields.ts';
import type { GroupTerm, Term, Terms, TimeTerm, TraitTerm } from './term.ts';

/** Terms that mean what one of the API's filters means. */
export function termsOfFilter(filter: EventFilter): Terms {
  return [
    ...fields.flatMap((field) => fieldTerms(field, filter)),
    ...anyTagTerms(filter.anyTags),
    ...(filter.traits ?? []).map(traitTerm),
    ...timeTerms(filter.time),
    ...(filter.all ?? []).map((inner) => group([inner])),
    ...(filter.any == null ? [] : [filter.any.length === 0 ? nothing : group(filter.any)]),
    ...(filter.not == null ? [] : [excluded(filter.not)]),
  ];
}

const group = (filters: readonly EventFilter[]): GroupTerm => ({
  kind: 'GROUP',
  negated: false,
  branches: filters.map(termsOfFilter),
});

/** Written -(): an empty list in a filter matches nothing. */
const nothing: Term = { kind: 'GROUP', negated: true, branches: [[]] };

function fieldTerms({ name: field, to }: Field, filter: EventFilter): Terms {
  const term = (values: readonly string[]): Term => ({
    kind: 'FIELD',
    negated: false,
    field,
    values,
  });
  if ('tags' in to) return (filter.tags ?? []).map((tag) => term([tag]));
  if ('ended' in to) return filter.ended == null ? [] : [term([String(filter.ended)])];
  if ('source' in to) {
    const value = filter.source?.[to.source];
    return value == null ? [] : [term([value])];
  }
  const values = filter[to.list];
  if (values == null) return [];
  return [values.length === 0 ? nothing : term(values)];
}

function anyTagTerms(tags: EventFilter['anyTags']): Terms {
  if (tags == null) return [];
  if (tags.length === 0) return [nothing];
  return [{ kind: 'FIELD', negated: false, field: 'tag', values: tags }];
}

const traitTerm = ({ name, op, value }: TraitFilter): TraitTerm => ({
  kind: 'TRAIT',
  negated: false,
  name,
  op: op ?? 'EQ',
  values: value == null ? [] : [value],
});

function timeTerms(time: TimeRange | null | undefined): Terms {
  if (time == null) return [];
  return (['gt', 'gte', 'lt', 'lte'] as const).flatMap((bound): TimeTerm[] => {
    const value = time[bound];
    if (value == null) return [];
    const text = typeof value === 'number' ? new Date(value).toISOString() : value;
    return [{ kind: 'TIME', negated: false, bound, value: text }];
  });
}

function excluded(filter: EventFilter): Term {
  const terms = termsOfFilter(filter);
  const [only, ...others] = terms;
  return only !== undefined && others.length === 0 && !only.negated
    ? { ...only, negated: true }
    : { kind: 'GROUP', negated: true, branches: [terms] };
}
