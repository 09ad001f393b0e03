import type { DraftTrait, EventDraft } from '../../event/draft.ts';
import type { Event, Instant, Trait } from '../../event/event.ts';
import type { VampEvent } from './event-reader.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';

/** Tag groups whose tags name one of Vamp's artifacts: `deployments:sava`. */
const artifactKinds = new Set([
  'breeds',
  'blueprints',
  'clusters',
  'conditions',
  'deployments',
  'escalations',
  'gateways',
  'routes',
  'scales',
  'services',
  'slas',
  'templates',
  'workflows',
]);

const versionTrait = 'vamp.version';
/** The reported timestamp, where its offset is not Z or it has fractions of a microsecond. */
const timestampTrait = 'vamp.timestamp';
/** Marks an event with the empty tag, which cannot be stored as a tag: given as such, or as the group of `:x`. */
export const emptyTagTrait = 'vamp.emptyTag';

/** A Vamp event as a draft. */
export function draftOf(event: VampEvent, namespace: string): EventDraft {
  const { version, tags, value, timestamp, type, raw } = event;
  const artifacts = [...new Set(tags.flatMap(artifactOf))];
  const traits: DraftTrait[] = [];
  if (version !== null) traits.push({ name: versionTrait, type: 'TEXT', value: version });
  if (timestamp !== null && timestamp.text !== formatTimestamp(timestamp.instant)) {
    traits.push({ name: timestampTrait, type: 'TEXT', value: timestamp.text });
  }
  if (tags.some((tag) => tag === '' || tag.startsWith(':'))) {
    traits.push({ name: emptyTagTrait, type: 'INT', value: 1 });
  }
  return {
    dialect: 'VAMP',
    namespace,
    category: type,
    // Vamp tags its own failures `{component}:ERROR`.
    severity: tags.some((tag) => tag.endsWith(':ERROR')) ? 'ERROR' : undefined,
    key: artifacts.length === 1 ? artifacts[0] : undefined,
    filterKeys: artifacts.length > 1 ? artifacts : undefined,
    tags: tags.filter((tag) => tag !== ''),
    traits,
    value,
    raw,
    time: timestamp?.instant,
  };
}

function artifactOf(tag: string): string[] {
  const colon = tag.indexOf(':');
  const name = tag.slice(colon + 1);
  return colon > 0 && name !== '' && artifactKinds.has(tag.slice(0, colon)) ? [name] : [];
}

export const versionOf = ({ traits }: Traits): string | null => textOf(traits, versionTrait);

/** The timestamp as it was reported, unless a later report changed the event's time. */
export function timestampOf({ time, traits }: Traits & { readonly time: Instant }): string {
  const reported = parseTimestamp(textOf(traits, timestampTrait) ?? '');
  return reported?.instant === time ? reported.text : formatTimestamp(time);
}

/** Vamp adds the part before a tag's first colon as a tag of its own, even where that part is empty. */
export const tagsOf = ({ tags, traits }: Traits & Pick<Event, 'tags'>): readonly string[] =>
  traits.some(({ name }) => name === emptyTagTrait) ? ['', ...tags] : tags;

type Traits = Pick<Event, 'traits'>;

function textOf(traits: readonly Trait[], name: string): string | null {
  const trait = traits.find((candidate) => candidate.name === name);
  return trait?.type === 'TEXT' ? trait.value : null;
}
