import { useState } from 'preact/hooks';
import type {
  DeliveryAttempt,
  FailedDelivery,
  Sink,
  SinkReplay,
  SinkState,
} from '../../client/schema.generated.ts';
import { count, counted, duration, shortTime } from '../format.ts';
import { useOption } from '../navigation.tsx';
import { Empty, Fault } from '../notice.tsx';
import { presets } from '../time-range.ts';
import { useAction } from '../use-action.ts';
import { useAnswer } from '../use-answer.ts';
import { useTicks } from '../use-ticks.ts';

type ListedSink = Pick<
  Sink,
  | 'id'
  | 'name'
  | 'namespace'
  | 'state'
  | 'stateReason'
  | 'stateSince'
  | 'format'
  | 'cursor'
  | 'lag'
  | 'deliveredCount'
  | 'failedCount'
> & { readonly target: Readonly<Record<string, string>> };

const sinkFields = `id name namespace state stateReason stateSince format cursor deliveredCount failedCount
  lag { indexes seconds }
  target {
    kind: __typename
    ... on WebhookTarget { url } ... on NatsTarget { subject } ... on KafkaTarget { topic }
    ... on AmqpTarget { exchange routingKey } ... on FileTarget { path }
  }`;
const listQuery = `query Sinks { sinks { ${sinkFields} } }`;
const refreshMs = 2_000;

/** Ways out: whether they deliver, how far behind they are, and what failed. */
export function SinksView() {
  const [ticks, refresh] = useTicks(refreshMs);
  const { data, error } = useAnswer<{ readonly sinks: readonly ListedSink[] }>(
    listQuery,
    {},
    ticks,
  );
  const [chosen, choose] = useOption('sink', '');
  return (
    <div class="page">
      <section class="card" aria-label="Sinks">
        <h2>Sinks</h2>
        <Fault error={error} />
        {data?.sinks.length === 0 && (
          <Empty>
            There is no sink yet. <code>createSink</code> makes one.
          </Empty>
        )}
        {data !== null && data.sinks.length > 0 && (
          <SinkTable sinks={data.sinks} chosen={chosen} onChoose={choose} />
        )}
      </section>
      {chosen !== '' && <OneSink key={chosen} id={chosen} ticks={ticks} refresh={refresh} />}
    </div>
  );
}

interface SinkTableProps {
  readonly sinks: readonly ListedSink[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

const SinkTable = ({ sinks, chosen, onChoose }: SinkTableProps) => (
  <div class="table-frame">
    <table>
      <thead>
        <tr>
          <th>Name</th>
          <th>State</th>
          <th>Target</th>
          <th>Format</th>
          <th class="number">Behind</th>
          <th class="number">Delivered</th>
          <th class="number">Failed</th>
        </tr>
      </thead>
      <tbody>
        {sinks.map((sink) => (
          <tr key={sink.id} class={sink.id === chosen ? 'is-chosen' : undefined}>
            <td>
              <button
                type="button"
                class="link"
                onClick={() => onChoose(sink.id === chosen ? '' : sink.id)}
              >
                {sink.name}
              </button>{' '}
              <span class="muted">{sink.namespace}</span>
            </td>
            <td>
              <State sink={sink} />
            </td>
            <td class="wrap">{targetLine(sink.target)}</td>
            <td>{sink.format.toLowerCase().replaceAll('_', ' ')}</td>
            <td class="number">{lagLine(sink)}</td>
            <td class="number">{count(sink.deliveredCount)}</td>
            <td class="number">{count(sink.failedCount)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const stateClasses: Readonly<Record<SinkState, string>> = {
  ACTIVE: 'state state-ok',
  PAUSED: 'state state-busy',
  FAILING: 'state state-bad',
  BLOCKED: 'state state-bad',
  DISABLED: 'state state-bad',
};

const State = ({ sink: { state, stateReason, stateSince } }: { readonly sink: ListedSink }) => (
  <>
    <span class={stateClasses[state]}>{state[0] + state.slice(1).toLowerCase()}</span>
    {state !== 'ACTIVE' && (
      <span class="muted">
        {' '}
        since {shortTime(stateSince)}
        {stateReason === null ? '' : `: ${stateReason}`}
      </span>
    )}
  </>
);

/** `webhook https://example.org/hook` */
function targetLine({ kind = '', ...fields }: ListedSink['target']): string {
  const name = kind.replace('Target', '').toLowerCase();
  return [name, ...Object.values(fields)].join(' ');
}

const lagLine = ({ lag: { indexes, seconds } }: ListedSink): string =>
  indexes === 0 ? '–' : `${count(indexes)} · ${duration(seconds * 1_000)}`;

const oneQuery = `query Sink($id: ID!) {
  sink(id: $id) {
    ${sinkFields}
    attempts(first: 10) { at indexes succeeded status milliseconds response }
    failedDeliveries(first: 20) {
      totalCount
      nodes { id index key status attempts lastStatus lastError nextAttemptAt }
    }
    replays { id state from to cursor deliveredCount failedCount }
  }
}`;

type FailedRow = Omit<FailedDelivery, 'event' | 'body'>;

interface WholeSink extends ListedSink {
  readonly attempts: readonly DeliveryAttempt[];
  readonly failedDeliveries: { readonly totalCount: number; readonly nodes: readonly FailedRow[] };
  readonly replays: readonly SinkReplay[];
}

const pause = 'mutation Pause($id: ID!) { pauseSink(id: $id) { id } }';
const resume = 'mutation Resume($id: ID!) { resumeSink(id: $id) { id } }';
const test = `mutation Test($id: ID!) {
  testSink(id: $id) { at indexes succeeded status milliseconds response }
}`;

interface OneSinkProps {
  readonly id: string;
  readonly ticks: number;
  readonly refresh: () => void;
}

function OneSink({ id, ticks, refresh }: OneSinkProps) {
  const { data, error } = useAnswer<{ readonly sink: WholeSink | null }>(oneQuery, { id }, ticks);
  const [tested, setTested] = useState<DeliveryAttempt | null>(null);
  const action = useAction();
  const sink = data?.sink;
  if (sink == null) return <Fault error={error ?? (data && 'There is no such sink.')} />;
  const isPaused = sink.state === 'PAUSED' || sink.state === 'DISABLED';
  return (
    <section class="card stack" aria-label={`Sink ${sink.name}`}>
      <div class="toolbar">
        <h2 class="toolbar-text">{sink.name}</h2>
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
      <Fault error={action.error ?? error} />
      {tested !== null && (
        <p class={tested.succeeded ? 'notice' : 'notice notice-error'} role="status">
          Test: {attemptLine(tested)}
        </p>
      )}
      <Failed id={id} {...sink.failedDeliveries} refresh={refresh} />
      <Replays replays={sink.replays} refresh={refresh} />
      <Attempts attempts={sink.attempts} />
    </section>
  );
}

const attemptLine = ({ succeeded, status, milliseconds, response }: DeliveryAttempt): string =>
  [
    succeeded ? 'delivered' : 'not delivered',
    status === null ? null : `status ${status}`,
    duration(milliseconds),
    response,
  ]
    .filter((part) => part !== null && part !== '')
    .join(' · ');

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
      <div class="table-frame">
        <table>
          <thead>
            <tr>
              <th class="number">Index</th>
              <th>Key</th>
              <th>Status</th>
              <th class="number">Attempts</th>
              <th>Last error</th>
              <th>Next</th>
              <th>
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
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
                  <button
                    type="button"
                    class="button small"
                    onClick={() => act(retry, [failed.id])}
                  >
                    Retry
                  </button>{' '}
                  <button
                    type="button"
                    class="button small"
                    onClick={() => act(discard, [failed.id])}
                  >
                    Discard
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
