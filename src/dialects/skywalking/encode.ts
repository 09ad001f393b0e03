import type { IndexedReport } from '../../event/completion.ts';
import type { Event, Instant, Trait } from '../../event/event.ts';
import { formatInstant, millisecondOf } from '../../event/instant.ts';
import { endedAlone, parametersOf } from './decode.ts';
import { reportedUuid } from './event-id.ts';
import { shownLayer } from './layer.ts';
import type { EventType, MessageSource } from './message.ts';

/** An event as SkyWalking's query protocol answers it. */
export interface AnsweredEvent {
  readonly uuid: string;
  readonly source: MessageSource;
  readonly name: string;
  readonly type: EventType;
  readonly message: string;
  /** Null where there are none. */
  readonly parameters: readonly { readonly key: string; readonly value: string }[] | null;
  /** Milliseconds since the epoch; 0 where no report had the start. */
  readonly startTime: number;
  /** Milliseconds since the epoch; 0 while the event lasts. */
  readonly endTime: number;
  readonly layer: string;
}

/** `parts` are the reports of the event; they are needed only where `endedAlone` holds for it. */
export function answerOf(event: Event, parts: readonly IndexedReport[]): AnsweredEvent {
  const parameters = parametersOf(event);
  return {
    uuid: reportedUuid(event),
    source: {
      service: event.source.service ?? '',
      serviceInstance: event.source.instance ?? '',
      endpoint: event.source.endpoint ?? '',
    },
    name: event.action ?? (event.dialect === 'SKYWALKING' ? '' : event.category),
    type: event.severity === 'ERROR' ? 'Error' : 'Normal',
    message: event.message ?? '',
    parameters:
      parameters.length === 0
        ? null
        : parameters.map((trait) => ({ key: trait.name, value: textOf(trait) })),
    startTime: millisecondOf(startOf(event, parts)),
    endTime: millisecondOf(event.endTime ?? 0),
    layer: shownLayer(event.source.layer),
  };
}

/** The earliest start that a report had; 0 where all of them had the end alone. */
function startOf(event: Event, parts: readonly IndexedReport[]): Instant {
  if (!endedAlone(event)) return event.time;
  const reports = parts.length === 0 ? [event] : parts.map(({ report }) => report);
  const starts = reports
    // Reports that were folded into one carry the mark and a start earlier than their end.
    .filter((report) => !endedAlone(report) || report.time !== report.endTime)
    .map(({ time }) => time);
  return starts.length === 0 ? 0 : Math.min(...starts);
}

function textOf({ type, value }: Trait): string {
  return type === 'DATETIME' ? formatInstant(value) : String(value);
}
