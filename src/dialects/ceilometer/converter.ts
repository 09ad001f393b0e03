import { catchAll, type Definition } from './definitions.ts';
import type { Notification } from './notification.ts';
import { type DateTime, inUtc, parseDateTime } from './python/date-time.ts';
import { ConversionError, type Dict, isDict, type Value } from './python/value.ts';
import type { CeilometerTrait } from './trait.ts';

/** An event as Ceilometer's converter makes it of a notification. */
export interface CeilometerEvent {
  readonly messageId: Value;
  readonly eventType: string;
  /** When the notification was sent. */
  readonly generated: DateTime;
  readonly traits: readonly CeilometerTrait[];
  /** The notification itself; null where it is not to be kept. */
  readonly raw: Dict | null;
}

export interface ConverterOptions {
  /** Whether notifications that no definition asks for are dropped; else they get the default traits. */
  readonly dropUnmatched: boolean;
  /** Levels whose notifications are kept with their events. */
  readonly storeRaw: readonly string[];
}

/** Event types remembered with their definition; there are a few hundred in a cloud. */
const knownMax = 4096;
const knownLengthMax = 256;
/** Longer types are rejected before any pattern is tried: they could not be stored. */
const eventTypeMax = 1024;

/** Makes events of notifications by the definitions: Ceilometer's NotificationEventsConverter. */
export class Converter {
  /** The last definition of the file is asked first. */
  readonly #definitions: readonly Definition[];
  readonly #known = new Map<string, Definition | null>();
  readonly #storeRaw: ReadonlySet<string>;

  constructor(definitions: readonly Definition[], { dropUnmatched, storeRaw }: ConverterOptions) {
    const complete = dropUnmatched || definitions.some((definition) => definition.catchAll);
    this.#definitions = [...definitions.toReversed(), ...(complete ? [] : [catchAll])];
    this.#storeRaw = new Set(storeRaw.map((level) => level.toLowerCase()));
  }

  /** Null for a notification that is to be dropped. @throws ConversionError where Ceilometer would lose it */
  convert({ level, body }: Notification): CeilometerEvent | null {
    const { event_type: eventType, metadata } = body;
    if (typeof eventType !== 'string') throw new ConversionError('event_type is not a string');
    if (eventType.length > eventTypeMax) throw new ConversionError('event_type is too long');
    if (!isDict(metadata)) throw new ConversionError('metadata is not an object');
    const { message_id: messageId, timestamp } = metadata;
    if (messageId === undefined) throw new ConversionError('metadata.message_id is missing');
    const definition = this.#definitionOf(eventType);
    if (definition === null) return null;
    if (typeof timestamp !== 'string')
      throw new ConversionError('metadata.timestamp is not a string');
    const traits: CeilometerTrait[] = [];
    for (const extract of definition.traits) {
      const trait = extract(body);
      if (trait !== null) traits.push(trait);
    }
    return {
      messageId,
      eventType,
      generated: inUtc(parseDateTime(timestamp)),
      traits,
      raw: this.#storeRaw.has(level) ? body : null,
    };
  }

  #definitionOf(eventType: string): Definition | null {
    const known = this.#known.get(eventType);
    if (known !== undefined) return known;
    const found = this.#definitions.find((definition) => definition.matches(eventType)) ?? null;
    if (eventType.length <= knownLengthMax) {
      if (this.#known.size >= knownMax) this.#known.clear();
      this.#known.set(eventType, found);
    }
    return found;
  }
}
