import type { Trait, TraitValue } from '../client/schema.generated.ts';
import { Copy } from './copy.tsx';
import { eventCurl, eventJson, eventQuery } from './event-copies.ts';
import { durationMs, type WholeEvent } from './events.ts';
import { parseExactly } from './exact-json.ts';
import { Fact } from './fact.tsx';
import type { Clicked } from './filter.ts';
import { counted, duration, longTime } from './format.ts';
import { Icon } from './icon.tsx';
import { useNavigation } from './navigation.tsx';
import { Empty, Fault } from './notice.tsx';
import { useSession } from './session.tsx';
import { SeverityMark } from './severity.tsx';
import { useAnswer } from './use-answer.ts';
import { ValueButtons } from './value-buttons.tsx';

interface EventAnswer {
  readonly event: WholeEvent | null;
}

/** With numbers in all fields but the value and the raw message, which are only printed. */
function readEvent(text: string): unknown {
  const answer = JSON.parse(text) as { readonly data?: EventAnswer | null };
  const { event } = answer.data ?? {};
  if (event == null) return answer;
  const exact = (parseExactly(text) as { readonly data: { readonly event: WholeEvent } }).data;
  const { value, raw } = exact.event;
  return { ...answer, data: { event: { ...event, value, raw } } };
}

interface EventDetailsProps {
  readonly id: string;
  readonly onClose: () => void;
  /** Asked again when it changes. */
  readonly revision?: unknown;
}

/** Everything that is kept of one event, next to the list that it was chosen from. */
export function EventDetails({ id, onClose, revision }: EventDetailsProps) {
  const { hidden } = useSession();
  const query = eventQuery(id, hidden);
  const { data, error } = useAnswer<EventAnswer>(query, {}, revision, readEvent);
  const event = data?.event ?? null;
  return (
    <aside class="details" aria-label="Event">
      <header>
        {event && <SeverityMark severity={event.severity} />}
        <h2>{event?.type ?? 'Event'}</h2>
        <button type="button" class="quiet" aria-label="Close the event" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <Fault error={error} />
      {data !== null && event === null && <Empty>There is no event {id} that you may read.</Empty>}
      {event !== null && <Whole event={event} query={eventQuery(event.id, hidden)} />}
    </aside>
  );
}

function Whole({ event, query }: { readonly event: WholeEvent; readonly query: string }) {
  return (
    <div class="details-body">
      {event.message != null && (
        <section class="message" tabIndex={0} aria-label="Message">
          {event.message}
        </section>
      )}
      <Copies event={event} query={query} />
      {event.type.startsWith('Alarm.') && <Evidence ids={event.filterKeys} />}
      <Facts event={event} />
      {event.traits !== undefined && event.traits.length > 0 && <Traits traits={event.traits} />}
      <Json title="Value" value={event.value} />
      <Json title="Raw message" value={event.raw} />
    </div>
  );
}

/** The way to the events that led to an alarm. */
function Evidence({ ids }: { readonly ids: readonly string[] }) {
  const { go } = useNavigation();
  if (ids.length === 0) return null;
  const show = () => go({ view: 'events', filter: `id:${ids.join(',')}`, options: {} });
  return (
    <p>
      <button type="button" class="link" onClick={show}>
        Show what led to it: {counted(ids.length, 'event')}
      </button>
    </p>
  );
}

function Copies({ event, query }: { readonly event: WholeEvent; readonly query: string }) {
  const { viewer } = useSession();
  const curl = eventCurl(location.origin, query, viewer.kind !== 'ANONYMOUS');
  return (
    <div class="copies">
      <Copy label="JSON" title="Copy as JSON" text={() => eventJson(event)} />
      <Copy label="GraphQL" title="Copy as GraphQL" text={() => query} />
      <Copy label="curl" title="Copy as curl" text={() => curl} />
      <a
        class="button"
        href={`/graphql?query=${encodeURIComponent(query)}`}
        target="_blank"
        rel="noreferrer"
      >
        Playground <Icon name="external" size={13} />
      </a>
    </div>
  );
}

function Facts({ event }: { readonly event: WholeEvent }) {
  const { source } = event;
  const lasted = durationMs(event);
  return (
    <dl class="facts">
      <Fact title="Time">{longTime(event.time)}</Fact>
      {event.endTime !== null && <Fact title="Ended">{longTime(event.endTime)}</Fact>}
      {lasted !== null && <Fact title="Duration">{duration(lasted)}</Fact>}
      <Values title="Type" field="type" values={[event.type]} />
      <Values title="Severity" field="severity" values={[event.severity]} />
      <Values title="Namespace" field="ns" values={[event.namespace]} />
      <Values title="Key" field="key" values={[event.key]} />
      <Values title="Filter keys" field="key" values={event.filterKeys} />
      <Values title="Tags" field="tag" values={event.tags} />
      <Values title="Service" field="service" values={[source.service]} />
      <Values title="Instance" field="instance" values={[source.instance]} />
      <Values title="Endpoint" field="endpoint" values={[source.endpoint]} />
      <Values title="Node" field="node" values={[source.node]} />
      <Values title="Component" field="component" values={[source.component]} />
      <Values title="Plane" field="plane" values={[source.plane]} />
      <Values title="Layer" field="layer" values={[source.layer]} />
      <Values title="Dialect" field="dialect" values={[event.dialect]} />
      <Fact title="Recorded">
        {longTime(event.recordedAt)} as <span class="mono">{event.index}</span>
      </Fact>
      <Fact title="Id">
        <span class="mono">{event.id}</span>
      </Fact>
    </dl>
  );
}

interface ValuesProps {
  readonly title: string;
  readonly field: string;
  readonly values: readonly (string | null)[];
}

/** Values by which the filter can be narrowed; nothing where there are none. */
function Values({ title, field, values }: ValuesProps) {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return null;
  return (
    <Fact title={title}>
      {present.map((value) => (
        <Value key={value} clicked={{ field, value }} text={value} />
      ))}
    </Fact>
  );
}

const Value = ({ clicked, text }: { readonly clicked: Clicked; readonly text: string }) => (
  <span class="value">
    <span>{text}</span>
    <ValueButtons clicked={clicked} text={text} />
  </span>
);

const Traits = ({ traits }: { readonly traits: readonly Trait[] }) => (
  <>
    <h3>Traits</h3>
    <dl class="facts">
      {traits.map((trait) => (
        <Fact key={trait.name} title={trait.name}>
          <Value
            clicked={{ trait: trait.name, value: traitValue(trait) }}
            text={String(trait.value)}
          />
        </Fact>
      ))}
    </dl>
  </>
);

function traitValue({ type, text, int, float, dateTime }: Trait): TraitValue {
  if (type === 'INT') return { int: int ?? 0 };
  if (type === 'FLOAT') return { float: float ?? 0 };
  return type === 'DATETIME' ? { dateTime: dateTime ?? '' } : { text: text ?? '' };
}

function Json({ title, value }: { readonly title: string; readonly value: unknown }) {
  if (value == null) return null;
  return (
    <>
      <h3>{title}</h3>
      <section class="json" tabIndex={0} aria-label={title}>
        <pre>{JSON.stringify(value, null, 2)}</pre>
      </section>
    </>
  );
}
