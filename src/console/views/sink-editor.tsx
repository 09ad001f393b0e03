import { useState } from 'preact/hooks';
import type {
  DeliveryAttempt,
  Sink,
  SinkDelivery,
  SinkFormat,
  SinkInput,
  SinkOrder,
} from '../../client/schema.generated.ts';
import { attemptFields, TestOutcome } from '../delivery-attempt.tsx';
import { readFilter } from '../filter.ts';
import { AreaField, Check, Choice, TextField } from '../form.tsx';
import { words } from '../format.ts';
import { Fault } from '../notice.tsx';
import { Outdated } from '../outdated.tsx';
import { useSession } from '../session.tsx';
import { ShownSecret } from '../shown-secret.tsx';
import {
  draftOfSink,
  newSink,
  type SinkDraft,
  sinkInputOf,
  type TargetKind,
} from '../sink-draft.ts';
import { presets } from '../time-range.ts';
import { useAction } from '../use-action.ts';
import { useAnswer } from '../use-answer.ts';
import { useTicks } from '../use-ticks.ts';

type EditedSink = Pick<Sink, 'id' | 'name' | 'version' | 'definition'>;

const query = 'query EditedSink($id: ID!) { sink(id: $id) { id name version definition } }';
const refreshMs = 5_000;

interface SinkEditingProps {
  /** Null for a new one. */
  readonly id: string | null;
  /** @param id of the sink, or empty */
  readonly onDone: (id: string) => void;
}

/** A sink that is made or changed, next to what others make of it meanwhile. */
export function SinkEditing({ id, onDone }: SinkEditingProps) {
  const [ticks] = useTicks(refreshMs);
  const [reloads, setReloads] = useState(0);
  const { data, error } = useAnswer<{ readonly sink: EditedSink | null }>(
    id === null ? null : query,
    { id },
    ticks,
  );
  if (id !== null && data === null) return <Fault error={error} />;
  return (
    <SinkEditor
      key={reloads}
      id={id}
      sink={data?.sink ?? null}
      onReload={() => setReloads(reloads + 1)}
      onDone={onDone}
    />
  );
}

const create = `mutation CreateSink($input: SinkInput!) {
  createSink(input: $input) { sink { id } secret }
}`;
const update = `mutation UpdateSink($id: ID!, $input: SinkInput!, $version: Int) {
  updateSink(id: $id, input: $input, version: $version) { id }
}`;
const test = `mutation TestSink($id: ID, $input: SinkInput!) {
  testSink(id: $id, input: $input) { ${attemptFields} }
}`;

interface Created {
  readonly createSink: { readonly sink: { readonly id: string }; readonly secret: string | null };
}

interface SinkEditorProps extends SinkEditingProps {
  /** As it is now; null where there is none. */
  readonly sink: EditedSink | null;
  readonly onReload: () => void;
}

function SinkEditor({ id, sink: current, onReload, onDone }: SinkEditorProps) {
  // The draft is of this version, whatever comes meanwhile.
  const [sink] = useState(current);
  const [draft, setDraft] = useState(
    sink?.definition == null ? newSink : draftOfSink(sink.definition as SinkInput),
  );
  const [fault, setFault] = useState<Error | null>(null);
  const [tested, setTested] = useState<DeliveryAttempt | null>(null);
  const [made, setMade] = useState<{ readonly id: string; readonly secret: string } | null>(null);
  const action = useAction();
  if (id !== null && sink?.definition == null) {
    return <Fault error="There is no such sink that could be changed here." />;
  }

  const withInput = (act: (input: SinkInput) => void) => {
    setTested(null);
    try {
      setFault(null);
      act(sinkInputOf(draft, id === null));
    } catch (error) {
      setFault(error as Error);
    }
  };
  const created = ({
    createSink: {
      sink: { id: newId },
      secret,
    },
  }: Created) => {
    if (secret === null) onDone(newId);
    else setMade({ id: newId, secret });
  };
  const save = (event: Event) => {
    event.preventDefault();
    withInput((input) =>
      id === null
        ? action.run<Created>(create, { input }, created)
        : action.run(update, { id, input, version: sink?.version }, () => onDone(id)),
    );
  };
  const tryOut = () =>
    withInput((input) =>
      action.run<{ readonly testSink: DeliveryAttempt }>(test, { id, input }, ({ testSink }) =>
        setTested(testSink),
      ),
    );

  if (made !== null) {
    return (
      <section class="card stack" aria-label="Sink">
        <h2>{draft.name}</h2>
        <ShownSecret secret={made.secret} />
        <div class="actions">
          <button type="button" class="button primary" onClick={() => onDone(made.id)}>
            Show the sink
          </button>
        </div>
      </section>
    );
  }
  return (
    <section class="card" aria-label="Sink">
      <h2>{sink === null ? 'New sink' : sink.name}</h2>
      <form onSubmit={save}>
        <SinkFields
          draft={draft}
          isNew={id === null}
          onChange={(changed) => setDraft({ ...draft, ...changed })}
        />
        <Outdated what="sink" begun={sink} current={current} onReload={onReload} />
        <Fault error={fault ?? action.error} />
        <TestOutcome tested={tested} />
        <div class="actions">
          <button type="submit" class="button primary" disabled={action.isRunning}>
            {id === null ? 'Create' : 'Save'}
          </button>
          <button type="button" class="button" disabled={action.isRunning} onClick={tryOut}>
            Test with one event
          </button>
          <button type="button" class="button" onClick={() => onDone(id ?? '')}>
            Back
          </button>
        </div>
      </form>
    </section>
  );
}

const kinds: readonly (readonly [TargetKind, string])[] = [
  ['webhook', 'Webhook'],
  ['nats', 'NATS'],
  ['kafka', 'Kafka'],
  ['amqp', 'RabbitMQ'],
];

const formats: readonly (readonly [SinkFormat, string])[] = [
  ['STANDARD', 'Standard Webhooks'],
  ['CLOUDEVENTS_BINARY', 'CloudEvents, binary'],
  ['CLOUDEVENTS_STRUCTURED', 'CloudEvents, structured'],
  ['CLOUDEVENTS_BATCH', 'CloudEvents, batch'],
  ['SLACK', 'Slack'],
  ['DISCORD', 'Discord'],
  ['PAGERDUTY', 'PagerDuty'],
  ['ALERTMANAGER', 'Alertmanager'],
  ['OTLP_LOGS', 'OpenTelemetry logs'],
  ['NOMAD', 'Nomad'],
  ['CEILOMETER', 'Ceilometer'],
  ['SKYWALKING_ALARM', 'SkyWalking alarm'],
  ['MAYASTOR', 'Mayastor'],
  ['VAMP_WORKFLOW', 'Vamp workflow'],
  ['TEMPLATE', 'Template of your own'],
];

const deliveries: readonly (readonly [SinkDelivery, string])[] = [
  ['EVERY_CHANGE', 'starts and ends'],
  ['COMPLETED', 'what has ended'],
];

const orders: readonly (readonly [SinkOrder, string])[] = [
  ['KEY', 'for each key'],
  ['STRICT', 'for all'],
  ['NONE', 'for none'],
];

const starts: readonly (readonly [string, string])[] = [
  ['now', 'what is recorded from now on'],
  ...presets.map(({ from, title }) => [from, words(title)] as const),
  ['beginning', 'all that is kept'],
];

interface SinkFieldsProps {
  readonly draft: SinkDraft;
  readonly isNew: boolean;
  readonly onChange: (changed: Partial<SinkDraft>) => void;
}

/** A field of the form, by the member of the draft that it changes. */
type FieldOf = (name: keyof SinkDraft) => {
  readonly value: string;
  readonly onChange: (value: string) => void;
};

function SinkFields({ draft, isNew, onChange }: SinkFieldsProps) {
  const { may } = useSession();
  const field: FieldOf = (name) => ({
    value: String(draft[name]),
    onChange: (value) => onChange({ [name]: value }),
  });
  const isFile = draft.kind === 'file' || may('ADMIN');
  const { fault } = readFilter(draft.filter);
  return (
    <div class="fields">
      <TextField label="Name" required {...field('name')} />
      <TextField label="Namespace" {...field('namespace')} />
      <TextField label="Description" {...field('description')} />
      <TextField
        label="Events"
        placeholder="all, or a filter: severity:error"
        fault={fault}
        {...field('filter')}
      />
      {isNew && <Choice label="Begins with" options={starts} {...field('start')} />}
      <Choice
        label="Target"
        options={isFile ? [...kinds, ['file', 'File of the gateway']] : kinds}
        {...field('kind')}
      />
      <TargetFields {...{ draft, isNew, field, onChange }} />
      <Choice label="Format" options={formats} {...field('format')} />
      {draft.format === 'TEMPLATE' && (
        <AreaField
          label="Template"
          rows={4}
          placeholder={'{"text": "{type} of {key}: {message}"}'}
          {...field('template')}
        />
      )}
      <Choice label="Delivers" options={deliveries} {...field('delivers')} />
      <Choice label="In order" options={orders} {...field('order')} />
      <TextField label="Requests at a time" inputMode="decimal" {...field('parallel')} />
      <TextField label="Events in a message, at most" inputMode="decimal" {...field('batch')} />
      <TextField label="Given up when it fails for" {...field('disableAfter')} />
    </div>
  );
}

interface TargetFieldsProps extends SinkFieldsProps {
  readonly field: FieldOf;
}

function TargetFields({ draft, isNew, field, onChange }: TargetFieldsProps) {
  switch (draft.kind) {
    case 'nats':
      return (
        <TextField
          label="Subject"
          required
          placeholder="out.{namespace}.{type}"
          {...field('subject')}
        />
      );
    case 'kafka':
      return <TextField label="Topic" required {...field('topic')} />;
    case 'amqp':
      return (
        <>
          <TextField label="Exchange" required {...field('exchange')} />
          <TextField label="Routing key" required {...field('routingKey')} />
        </>
      );
    case 'file':
      return (
        <>
          <TextField label="Path" required placeholder="/var/log/events" {...field('path')} />
          <TextField label="Put aside after bytes" placeholder="100 MiB" {...field('maxBytes')} />
          <TextField label="Files kept" placeholder="5" {...field('keep')} />
        </>
      );
    default:
      return <WebhookFields {...{ draft, isNew, field, onChange }} />;
  }
}

function WebhookFields({ draft, isNew, field, onChange }: TargetFieldsProps) {
  const { keptHeaders, replacesHeaders, signed, handshake } = draft;
  return (
    <>
      <TextField label="URL" required placeholder="https://example.org/hook" {...field('url')} />
      {keptHeaders.length > 0 && (
        <Check
          label={`Other headers than ${keptHeaders.join(', ')}`}
          checked={replacesHeaders}
          onChange={(checked) => onChange({ replacesHeaders: checked })}
        />
      )}
      {replacesHeaders && (
        <AreaField
          label="Headers, one a line"
          rows={2}
          placeholder="Authorization: Bearer …"
          {...field('headers')}
        />
      )}
      <Check
        label="Signed"
        checked={signed}
        onChange={(checked) => onChange({ signed: checked })}
      />
      {signed && (
        <TextField
          label="Secret"
          placeholder={isNew ? 'a new one, shown once' : 'as it is'}
          {...field('secret')}
        />
      )}
      <TextField label="Time-out" {...field('timeout')} />
      <Check
        label="Asks for consent first"
        checked={handshake}
        onChange={(checked) => onChange({ handshake: checked })}
      />
    </>
  );
}
