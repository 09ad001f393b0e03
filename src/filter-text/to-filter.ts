import type { EventFilter, EventSourceFilter } from '../client/schema.generated.ts';
import { type Destination, fieldNamed, uuidPattern } from './fields.ts';
import type { FieldTerm, GroupTerm, Term, Terms, TraitTerm, WordTerm } from './term.ts';

/** A filter that is being put together. */
type Parts = { -readonly [Name in keyof EventFilter]: EventFilter[Name] };

/**
 * The API's filter for terms that must all match. A field that an event has once may be given several times: then
 * one of its values must match. Tags and traits that are given several times must all match.
 */
export function filterOfTerms(terms: Terms): EventFilter {
  const parts: Parts = {};
  const wanted = terms.filter(({ negated }) => !negated);
  for (const term of merged(wanted)) add(parts, term);
  const excluded = terms.filter(({ negated }) => negated).map(alone);
  const [only, ...others] = excluded;
  if (only !== undefined) parts.not = others.length === 0 ? only : { any: excluded };
  return parts;
}

/** The filter of one term, without its minus. */
const alone = (term: Term): EventFilter => filterOfTerms([{ ...term, negated: false }]);

/** Terms of a field that an event has once are made one. */
function merged(terms: Terms): Terms {
  const fields = new Map<string, FieldTerm>();
  const others: Term[] = [];
  for (const term of terms) {
    if (term.kind !== 'FIELD' || term.field === 'tag') others.push(term);
    else {
      const values = [...(fields.get(term.field)?.values ?? []), ...term.values];
      fields.set(term.field, { ...term, values });
    }
  }
  return [...fields.values(), ...others];
}

function add(parts: Parts, term: Term): void {
  if (term.kind === 'FIELD') addField(parts, term);
  else if (term.kind === 'TRAIT') addTrait(parts, term);
  else if (term.kind === 'TIME') parts.time = { ...parts.time, [term.bound]: term.value };
  else if (term.kind === 'WORD') addAny(parts, meaningsOf(term));
  else addGroup(parts, term);
}

function addField(parts: Parts, { field, values }: FieldTerm): void {
  const { to } = fieldNamed(field) as { to: Destination };
  if ('list' in to) Object.assign(parts, { [to.list]: values });
  else if ('source' in to) addSource(parts, to.source, values);
  else if ('ended' in to) addEnded(parts, values);
  else addTags(parts, values);
}

function addSource(parts: Parts, name: keyof EventSourceFilter, values: readonly string[]): void {
  const tests = values.map((value) => ({ [name]: value }));
  const [only, ...others] = tests;
  if (others.length === 0) parts.source = { ...parts.source, ...only };
  else
    addAny(
      parts,
      tests.map((source) => ({ source })),
    );
}

/** Either of both is every event. */
function addEnded(parts: Parts, values: readonly string[]): void {
  if (new Set(values).size === 1) parts.ended = values[0] === 'true';
}

function addTags(parts: Parts, values: readonly string[]): void {
  if (values.length === 1) parts.tags = [...(parts.tags ?? []), ...values];
  else if (parts.anyTags === undefined) parts.anyTags = values;
  else addAll(parts, { anyTags: values });
}

function addTrait(parts: Parts, { name, op, values }: TraitTerm): void {
  const tests = op === 'EXISTS' ? [{ name, op }] : values.map((value) => ({ name, op, value }));
  if (tests.length === 1) parts.traits = [...(parts.traits ?? []), ...tests];
  else
    addAny(
      parts,
      tests.map((test) => ({ traits: [test] })),
    );
}

function addGroup(parts: Parts, { branches }: GroupTerm): void {
  const filters = branches.map(filterOfTerms);
  const [only, ...others] = filters;
  if (only !== undefined && others.length === 0) addAll(parts, only);
  else addAny(parts, filters);
}

function addAny(parts: Parts, any: readonly EventFilter[]): void {
  if (parts.any === undefined) parts.any = any;
  else addAll(parts, { any });
}

function addAll(parts: Parts, filter: EventFilter): void {
  parts.all = [...(parts.all ?? []), filter];
}

/** Characters of a type's pattern that the gateway takes, without a star at either end. */
const maxPattern = 254;

/** A pattern for exactly these characters, in upper or lower case where it is not too long for that. */
function anyCase(text: string): string {
  const exact = text.replace(/[*?[]/g, '[$&]');
  const either = text.replace(/[*?[]|[a-z]/gi, (character) => {
    const [lower, upper] = [character.toLowerCase(), character.toUpperCase()];
    return lower === upper ? `[${character}]` : `[${lower}${upper}]`;
  });
  return either.length <= maxPattern ? either : exact;
}

/** A word is a key, a tag, a part of a type, or where it came from. Messages are not searched. */
function meaningsOf({ text, quoted }: WordTerm): readonly EventFilter[] {
  const isPattern = !quoted && /^[^!].*[*?[]|^[*?[]/s.test(text);
  const type = isPattern ? text : `*${anyCase(text)}*`;
  return [
    { keys: [text] },
    { tags: [text] },
    { types: [type] },
    { source: { service: text } },
    { source: { instance: text } },
    { source: { node: text } },
    ...(uuidPattern.test(text) ? [{ ids: [text] }] : []),
  ];
}
