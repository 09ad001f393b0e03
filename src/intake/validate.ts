import { v7 } from 'uuid';
import type { DraftTime, DraftTrait, EventDraft } from '../event/draft.ts';
import {
  defaultCategory,
  defaultNamespace,
  type EventSource,
  type Instant,
  nowhere,
  type Report,
  type Trait,
} from '../event/event.ts';
import { checkInstant, InstantError, parseInstant } from '../event/instant.ts';
import { encodeReport } from '../event/report-json.ts';
import { expandTags } from '../event/tags.ts';
import { storable } from '../event/text.ts';
import { withTraceparent } from '../event/traceparent.ts';
import { readUuid } from '../event/uuid.ts';
import { attach } from './attachment.ts';
import { Faults, pathOf } from './faults.ts';
import type { ReportError } from './intake.ts';
import type { IntakeLimits } from './limits.ts';

const nameLength = 256;
const keyLength = 1024;

export interface ValidateOptions {
  readonly limits: IntakeLimits;
  /** Whether the original message of an event is kept. */
  readonly storeRaw: boolean;
  /** Whether the draft's traceparent becomes a trait. */
  readonly keepTraceparent?: boolean;
  /** Notified of each draft whose time was replaced by the time of its arrival: see EventDraft.clock. */
  readonly onClockAhead?: ((draft: EventDraft) => void) | undefined;
}

/** Checks one draft and fills in the fields that its reporter left out. All faults are answered together. */
export function validate(
  draft: EventDraft,
  now: Instant,
  { limits, storeRaw, keepTraceparent, onClockAhead }: ValidateOptions,
): Report | readonly ReportError[] {
  const faults = new Faults();
  const generatedId = draft.id === undefined || draft.id === null;
  const value = attach('value', draft.value, faults);
  const raw = attach('raw', storeRaw ? draft.raw : null, faults);
  const { category, action } = kindOf(draft, faults);
  const { time, endTime, replaced } = timesOf(draft, now, limits.futureMicros, faults);
  const traits = withReportedTimes(traitsOf(draft.traits, limits.traits, faults), replaced);
  // Field by field: every report passes here, and a copy by spreading takes several times as long.
  const report: Report = {
    id: generatedId ? v7() : idOf(draft.id, faults),
    generatedId,
    namespace: faults.optional(draft.namespace, nameLength, 'namespace') ?? defaultNamespace,
    category,
    action,
    severity: draft.severity ?? null,
    source: sourceOf(draft.source, faults),
    key: faults.optional(draft.key, keyLength, 'key'),
    filterKeys: filterKeysOf(draft.filterKeys, limits.filterKeys, faults),
    message: draft.message ? faults.storable(draft.message, 'message') : null,
    tags: tagsOf(draft.tags, limits.tags, faults),
    traits: keepTraceparent ? withTraceparent(traits, draft.traceparent) : traits,
    value: value.json,
    time,
    endTime,
    recordedAt: now,
    dialect: draft.dialect,
    raw: raw.json,
  };
  checkSize(report, value.length + raw.length, limits.eventBytes, faults);
  if (faults.errors === null && replaced.length > 0) onClockAhead?.(draft);
  return faults.errors ?? report;
}

function idOf(id: string, faults: Faults): string {
  const uuid = readUuid(id);
  if (uuid !== null) return uuid;
  faults.add(['id'], 'INVALID', 'It is not a UUID: give one, or leave it out to have one made.');
  return id;
}

/** Category and action, from either spelling; where both are given they must agree. */
function kindOf(draft: EventDraft, faults: Faults): Pick<Report, 'category' | 'action'> {
  const type = draft.type || null;
  const category = faults.optional(draft.category, nameLength, 'category');
  const action = faults.optional(draft.action, nameLength, 'action');
  if (type === null) return { category: category ?? defaultCategory, action };
  const split = splitType(type, category);
  const agree =
    split.category === (category ?? split.category) && split.action === (action ?? split.action);
  if (!agree) {
    faults.add(['type'], 'INVALID', 'It differs from category and action: give one or the other.');
  } else if (split.category === '' || split.action === '') {
    faults.add(['type'], 'INVALID', 'It lacks a name before or after its first dot: give both.');
  }
  return {
    category: faults.optional(split.category, nameLength, 'type') ?? split.category,
    action: faults.optional(split.action, nameLength, 'type'),
  };
}

/** At the first dot, or after the category where that is given: a category may hold dots of its own. */
function splitType(type: string, category: string | null): Pick<Report, 'category' | 'action'> {
  const dot =
    category !== null && type.startsWith(`${category}.`) ? category.length : type.indexOf('.');
  if (dot === -1 || type === category) return { category: type, action: null };
  return { category: type.slice(0, dot), action: type.slice(dot + 1) };
}

function sourceOf(source: EventDraft['source'], faults: Faults): EventSource {
  if (source === undefined || source === null) return nowhere;
  return {
    service: faults.optional(source.service, keyLength, 'source', 'service'),
    instance: faults.optional(source.instance, keyLength, 'source', 'instance'),
    endpoint: faults.optional(source.endpoint, keyLength, 'source', 'endpoint'),
    node: faults.optional(source.node, keyLength, 'source', 'node'),
    component: faults.optional(source.component, keyLength, 'source', 'component'),
    plane: source.plane ?? null,
    layer: faults.optional(source.layer, nameLength, 'source', 'layer'),
  };
}

const none: readonly never[] = [];

/** False, with the fault added, where a list has more entries than it may. */
function fits(name: string, length: number, max: number, faults: Faults): boolean {
  if (length <= max) return true;
  faults.add([name], 'TOO_MANY', `There are ${length} ${name}: give ${max} at most.`);
  return false;
}

function filterKeysOf(
  keys: EventDraft['filterKeys'],
  max: number,
  faults: Faults,
): readonly string[] {
  if (!keys || keys.length === 0 || !fits('filterKeys', keys.length, max, faults)) return none;
  return [...new Set(keys.map((key, at) => faults.name(key, keyLength, 'filterKeys', at)))];
}

function tagsOf(tags: EventDraft['tags'], max: number, faults: Faults): readonly string[] {
  if (!tags || tags.length === 0 || !fits('tags', tags.length, max, faults)) return none;
  return expandTags(tags.map((tag, at) => faults.name(tag, nameLength, 'tags', at)));
}

function traitsOf(traits: EventDraft['traits'], max: number, faults: Faults): readonly Trait[] {
  if (!traits || traits.length === 0 || !fits('traits', traits.length, max, faults)) return none;
  const names = new Set<string>();
  return traits.map((trait, at) => {
    const name = faults.name(trait.name, nameLength, 'traits', at, 'name');
    if (names.has(name)) {
      const path = pathOf('traits', at, 'name');
      faults.add(path, 'INVALID', 'An earlier trait has this name: give each once.');
    }
    names.add(name);
    return typedTrait(name, trait, at, faults);
  });
}

function typedTrait(name: string, trait: DraftTrait, at: number, faults: Faults): Trait {
  const { type, value } = trait;
  switch (type) {
    case 'TEXT':
      return { name, type, value: faults.storable(value, 'traits', at, 'value') };
    case 'DATETIME':
      return { name, type, value: instantOf(value, pathOf('traits', at, 'value'), faults) ?? 0 };
    case 'INT':
      if (!Number.isSafeInteger(value)) {
        const path = pathOf('traits', at, 'value');
        faults.add(path, 'INVALID', 'It is not an integer within plus or minus 2^53 - 1.');
      }
      return { name, type, value };
    case 'FLOAT':
      if (!Number.isFinite(value)) {
        faults.add(pathOf('traits', at, 'value'), 'INVALID', 'It is not a finite number.');
      }
      return { name, type, value };
    default:
      return type satisfies never;
  }
}

/** A trait that the reporter named the same stays. */
function withReportedTimes(traits: readonly Trait[], replaced: readonly Trait[]): readonly Trait[] {
  if (replaced.length === 0) return traits;
  const names = new Set(traits.map(({ name }) => name));
  return [...traits, ...replaced.filter(({ name }) => !names.has(name))];
}

/** Null, with the fault added, where it is not an instant. */
function instantOf(time: DraftTime, path: readonly string[], faults: Faults): Instant | null {
  const read = readTime(time);
  if (!(read instanceof InstantError)) return read;
  faults.add(path, 'INVALID', read.about(String(time), path).message);
  return null;
}

function readTime(time: DraftTime): Instant | InstantError {
  try {
    return typeof time === 'number' ? checkInstant(time) : parseInstant(time);
  } catch (error) {
    if (error instanceof InstantError) return error;
    throw error;
  }
}

const reportedAs = { time: 'reportedTime', endTime: 'reportedEndTime' } as const;

interface Times extends Pick<Report, 'time' | 'endTime'> {
  /** The reported times that the time of arrival has replaced. */
  readonly replaced: readonly Trait[];
}

function timesOf(draft: EventDraft, now: Instant, futureMicros: number, faults: Faults): Times {
  const replaced: Trait[] = [];
  const given = (name: 'time' | 'endTime'): Instant | null => {
    const time = draft[name];
    if (time === undefined || time === null) return null;
    if (draft.clock !== 'ARRIVAL') return timeWithin(time, { now, futureMicros }, name, faults);
    const read = readTime(time);
    if (!(read instanceof InstantError) && read <= now + futureMicros) return read;
    replaced.push(reportedTrait(reportedAs[name], time, read));
    return now;
  };
  const time = given('time');
  const endTime = given('endTime');
  if (time !== null && endTime !== null && endTime < time) {
    if (replaced.length > 0) return { time, endTime: time, replaced };
    faults.add(['endTime'], 'INVALID', 'It lies before time: an event cannot end before it began.');
  }
  // An end alone happened when it says, not when it was reported.
  return { time: time ?? Math.min(now, endTime ?? now), endTime, replaced };
}

function timeWithin(
  time: DraftTime,
  { now, futureMicros }: { readonly now: Instant; readonly futureMicros: number },
  name: 'time' | 'endTime',
  faults: Faults,
): Instant | null {
  const instant = instantOf(time, [name], faults);
  if (instant !== null && instant > now + futureMicros) {
    faults.add([name], 'INVALID', `It lies more than ${futureMicros / 1e6} s in the future.`);
  }
  return instant;
}

/** A reported time that is not an instant is kept up to this length. */
const maxReportedCharacters = 256;

function reportedTrait(name: string, time: DraftTime, read: Instant | InstantError): Trait {
  if (!(read instanceof InstantError)) return { name, type: 'DATETIME', value: read };
  const text = String(time).slice(0, maxReportedCharacters).replaceAll('\0', '');
  return { name, type: 'TEXT', value: storable(text) ?? '' };
}

/** A character is at most 6 bytes of JSON, so that most events need not be measured. A number has at most 24 characters. */
const bytesPerCharacter = 6;
const longestNumber = 24;

function checkSize(report: Report, attached: number, max: number, faults: Faults): void {
  if (faults.errors !== null) return;
  if ((charactersOf(report) + attached) * bytesPerCharacter + 64 * 1024 <= max) return;
  const bytes = Buffer.byteLength(encodeReport(report));
  if (bytes > max) {
    faults.add([], 'TOO_LONG', `The event has ${bytes} bytes as JSON: make it ${max} at most.`);
  }
}

/** At least as many as are in its strings that may be long. */
function charactersOf({ message, key, tags, filterKeys, traits }: Report): number {
  let characters = (message?.length ?? 0) + (key?.length ?? 0);
  for (const tag of tags) characters += tag.length;
  for (const filterKey of filterKeys) characters += filterKey.length;
  for (const { name, value } of traits) {
    characters += name.length + (typeof value === 'string' ? value.length : longestNumber);
  }
  return characters;
}
