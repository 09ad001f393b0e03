import { useState } from 'preact/hooks';
import type {
  DeliveryAttempt,
  FailedDelivery,
  SinkOrigin,
  SinkReplay,
} from '../../client/schema.generated.ts';
import { attemptFields, attemptLine, TestOutcome } from '../delivery-attempt.tsx';
import { count, counted, shortTime } from '../format.ts';
import { Fault } from '../notice.tsx';
import { ShownSecret } from '../shown-secret.tsx';
import { type ListedSink, sinkFields } from '../sink-fields.ts';
import { Table } from '../table.tsx';
import { presets } from '../time-range.ts';
import { useAction } from '../use-action.ts';
import { useAnswer } from '../use-answer.ts';

const oneQuery = `query Sink($id: ID!) {
  sink(id: $id) {
    ${sinkFields} origin
    webhook: target { ... on WebhookTarget { signed } }
    attempts(first: 10) { ${attemptFields} }
    failedDeliveries(first: 20) {
      totalCount
      nodes { id index key status attempts lastStatus lastError nextAttemptAt }
    }
    replays { id state from to cursor deliveredCount failedCount }
  }
}`;

type FailedRow = Omit<FailedDelivery, 'event' | 'body'>;

interface WholeSink extends ListedSink {
  readonly origin: SinkOrigin;
  /** Empty where it is no webhook. */
  readonly webhook: { readonly signed?: boolean };
  readonly attempts: readonly DeliveryAttempt[];
  readonly failedDeliveries: { readonly totalCount: number; readonly nodes: readonly FailedRow[] };
  readonly replays: readonly SinkReplay[];
}

const pause = 'mutation Pause($id: ID!) { pauseSink(id: $id) { id } }';
const resume = 'mutation Resume($id: ID!) { resumeSink(id: $id) { id } }';
const test = `mutation Test($id: ID!) { testSink(id: $id) { ${attemptFields} } }`;
const remove = 'mutation Delete($id: ID!) { deleteSink(id: $id) }';
const rotate = 'mutation Rotate($id: ID!) { rotateSinkSecret(id: $id) { secret } }';

interface SinkDetailsProps {
  readonly id: string;
  readonly ticks: number;
  readonly refresh: () => void;
  readonly onEdit: () => void;
  readonly onDeleted: () => void;
}

/** One sink: what it delivers and what failed, and what can be done about it. */
export function SinkDetails({ id, ticks, refresh, onEdit, onDeleted }: SinkDetailsProps) {
  const { data, error } = useAnswer<{ readonly sink: WholeSink | null }>(oneQuery, { id }, ticks);
  const [tested, setTested] = useState<DeliveryAttempt | null>(null);
  const action = useAction();
  const sink = data?.sink;
  if (sink == null) return <Fault error={error ?? (data && 'There is no such sink.')} />;
  const isPaused = sink.state === 'PAUSED' || sink.state === 'DISABLED';
  const deleteIt = () => {
    if (!confirm(`Delete the sink ${sink.name} with its failed deliveries?`)) return;
    action.run(remove, { id }, () => {
      onDeleted();
      refresh();
    });
  };
  return (
    <section class="card stack" aria-label={`Sink ${sink.name}`}>
      <div class="toolbar">
        <h2 class="toolbar-text">{sink.name}</h2>
        {sink.origin === 'API' && (
          <>
            <button type="button" class="button" onClick={onEdit}>
              Edit
            </button>
            <button type="button" class="button" onClick={deleteIt}>
              Delete
            </button>
          </>
        )}
        <button
          type="button"
          class="button"
          onClick={() => action.run(isPaused ? resume : pause, { id }, refresh)}
        >
          {isPaused ? 'Resume' : 'Pause'}
        </button>
        <button
          type="button"
          class="button"
          onClick={() =>
            action.run<{ readonly testSink: DeliveryAttempt }>(test, { id }, ({ testSink }) =>
              setTested(testSink),
            )
          }
        >
          Test
        </button>
        <Replay id={id} refresh={refresh} />
      </div>
      {sink.origin === 'FILE' && <p class="muted">Declared in a file: change it there.</p>}
      <Fault error={action.error ?? error} />
      <TestOutcome tested={tested} />
      {sink.origin === 'API' && sink.webhook.signed === true && <NewSecret id={id} />}
      <Failed id={id} {...sink.failedDeliveries} refresh={refresh} />
      <Replays replays={sink.replays} refresh={refresh} />
      <Attempts attempts={sink.attempts} />
    </section>
  );
}

/** Signs with another secret, and shows it. */
function NewSecret({ id }: { readonly id: string }) {
  const action = useAction();
  const [secret, setSecret] = useState<string | null>(null);
  const make = () => {
    if (!confirm('Sign with a new secret? Requests are signed with the old one as well for a day.'))
      return;
    action.run<{ readonly rotateSinkSecret: { readonly secret: string } }>(
      rotate,
      { id },
      ({ rotateSinkSecret }) => setSecret(rotateSinkSecret.secret),
    );
  };
  return (
    <>
      <p class="muted">
        Requests are signed.{' '}
        <button type="button" class="button small" onClick={make}>
          New secret
        </button>
      </p>
      <Fault error={action.error} />
      {secret !== null && <ShownSecret secret={secret} />}
    </>
  );
}

const replay = `mutation Replay($id: ID!, $range: ReplayRange!) { replaySink(id: $id, range: $range) { id } }`;

function Replay({ id, refresh }: { readonly id: string; readonly refresh: () => void }) {
  const action = useAction();
  const [from, setFrom] = useState('now-1h');
  const start = () => action.run(replay, { id, range: { time: { gte: from } } }, refresh);
  return (
    <>
      <label>
        <span class="visually-hidden">Replay events of the</span>
        <select value={from} onChange={({ currentTarget }) => setFrom(currentTarget.value)}>
          {presets.map((preset) => (
            <option key={preset.from} value={preset.from}>
              {preset.title}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="button" onClick={start}>
        Replay
      </button>
      <Fault error={action.error} />
    </>
  );
}

const retry = `mutation Retry($sinkId: ID!, $ids: [ID!]) { retryFailedDeliveries(sinkId: $sinkId, ids: $ids) }`;
const discard = `mutation Discard($sinkId: ID!, $ids: [ID!]) { discardFailedDeliveries(sinkId: $sinkId, ids: $ids) }`;

interface FailedProps {
  readonly id: string;
  readonly totalCount: number;
  readonly nodes: readonly FailedRow[];
  readonly refresh: () => void;
}

function Failed({ id, totalCount, nodes, refresh }: FailedProps) {
  const action = useAction();
  if (totalCount === 0) return null;
  const act = (mutation: string, ids: readonly string[] | null) =>
    action.run(mutation, { sinkId: id, ids }, refresh);
  const discardAll = () => {
    if (confirm(`Discard ${counted(totalCount, 'failed event')}?`)) act(discard, null);
  };
  return (
    <section aria-label="Failed deliveries">
      <div class="toolbar">
        <h3 class="toolbar-text">Failed deliveries: {count(totalCount)}</h3>
        <button type="button" class="button small" onClick={() => act(retry, null)}>
          Retry all
        </button>
        <button type="button" class="button small" onClick={discardAll}>
          Discard all
        </button>
      </div>
      <Fault error={action.error} />
      <Table
        heads={[{ number: 'Index' }, 'Key', 'Status', { number: 'Attempts' }, 'Last error', 'Next']}
        withActions
      >
        {nodes.map((failed) => (
          <tr key={failed.id}>
            <td class="number">{failed.index}</td>
            <td>{failed.key ?? ''}</td>
            <td>{failed.status === 'DEAD' ? 'dead' : 'retrying'}</td>
            <td class="number">{failed.attempts}</td>
            <td class="wrap">
              {failed.lastStatus === null ? '' : `${failed.lastStatus}: `}
              {failed.lastError}
            </td>
            <td class="mono">
              {failed.nextAttemptAt === null ? '' : shortTime(failed.nextAttemptAt)}
            </td>
            <td>
              <button type="button" class="button small" onClick={() => act(retry, [failed.id])}>
                Retry
              </button>{' '}
              <button type="button" class="button small" onClick={() => act(discard, [failed.id])}>
                Discard
              </button>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

const cancel = 'mutation Cancel($id: ID!) { cancelSinkReplay(id: $id) { id } }';

interface ReplaysProps {
  readonly replays: readonly SinkReplay[];
  readonly refresh: () => void;
}

function Replays({ replays, refresh }: ReplaysProps) {
  const action = useAction();
  if (replays.length === 0) return null;
  return (
    <section aria-label="Replays">
      <h3>Replays</h3>
      <Fault error={action.error} />
      <ul class="plain">
        {replays.map(({ id, state, from, to, cursor, deliveredCount, failedCount }) => (
          <li key={id}>
            {state.toLowerCase()}: index {count(from)} to {count(to)}, at {count(cursor)};{' '}
            {count(deliveredCount)} delivered, {count(failedCount)} failed{' '}
            {state === 'RUNNING' && (
              <button
                type="button"
                class="button small"
                onClick={() => action.run(cancel, { id }, refresh)}
              >
                Cancel
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const Attempts = ({ attempts }: { readonly attempts: readonly DeliveryAttempt[] }) => (
  <section aria-label="Attempts">
    <h3>Latest attempts</h3>
    {attempts.length === 0 && <p class="muted">None since the gateway started.</p>}
    <ul class="plain">
      {attempts.map((attempt, at) => (
        <li key={at}>
          <span class="mono">{shortTime(attempt.at)}</span>{' '}
          <span class={attempt.succeeded ? 'state state-ok' : 'state state-bad'}>
            {attemptLine(attempt)}
          </span>{' '}
          <span class="muted">
            index {attempt.indexes.slice(0, 5).join(', ')}
            {attempt.indexes.length > 5 ? ' …' : ''}
          </span>
        </li>
      ))}
    </ul>
  </section>
);
