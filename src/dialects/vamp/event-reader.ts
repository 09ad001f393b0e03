import type { Json } from '../../event/event.ts';
import { parseBody, toJson } from './body.ts';
import { DslObject } from './dsl-object.ts';
import { parseTimestamp, type Timestamp } from './timestamp.ts';
import { missingValue, unexpectedInDsl, VampError } from './vamp-error.ts';

/** An event as a Vamp client reports it. */
export interface VampEvent {
  readonly version: string | null;
  /** At least one, each once. */
  readonly tags: readonly string[];
  readonly value: Json;
  /** Null: now. */
  readonly timestamp: Timestamp | null;
  readonly type: string;
  /** The event as it was sent, with the tags before they are expanded. */
  readonly raw: Json;
}

const defaultType = 'event';
/** Checked before the tags are read; the intake's own limit is lower. */
const maxTags = 10_000;

/** Reads the body of POST /events, JSON or YAML. @throws VampError in Vamp's own words */
export function readEvent(body: string): VampEvent {
  const members = parseBody(body);
  const source = new DslObject(members);
  const tags = source.strings('tags');
  if (tags === null) throw missingValue('tags');
  if (tags.length > maxTags) {
    throw new VampError(`An event has at most ${maxTags} tags, got ${tags.length}.`);
  }
  const event: VampEvent = {
    version: source.text('version'),
    tags: [...new Set(tags)],
    value: source.json('value'),
    timestamp: readTimestamp(source.text('timestamp')),
    type: source.text('type') ?? defaultType,
    raw: toJson(members),
  };
  validate(event);
  const leftover = source.leftover();
  if (leftover !== null) throw unexpectedInDsl(leftover);
  return event;
}

function readTimestamp(text: string | null): Timestamp | null {
  if (text === null) return null;
  const timestamp = parseTimestamp(text);
  if (timestamp === null) throw new VampError(`Event timestamp cannot be parsed: '${text}'.`);
  return timestamp;
}

function validate({ tags, type }: VampEvent): void {
  if (tags.length === 0) {
    throw new VampError('Publishing an event without tags is not allowed.');
  }
  if (!/^[\w-]+$/.test(type)) {
    throw new VampError(
      `Unsupported event type '${type}', only alphanumerics, '-' and '_' are allowed.`,
    );
  }
}
