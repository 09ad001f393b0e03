import type { SinkState } from '../../client/schema.generated.ts';
import { count, duration, shortTime, words } from '../format.ts';
import { useNavigation } from '../navigation.tsx';
import { Empty, Fault } from '../notice.tsx';
import { type ListedSink, sinkFields } from '../sink-fields.ts';
import { Table } from '../table.tsx';
import { useAnswer } from '../use-answer.ts';
import { useTicks } from '../use-ticks.ts';
import { SinkDetails } from './sink-details.tsx';
import { SinkEditing } from './sink-editor.tsx';

const listQuery = `query Sinks { sinks { ${sinkFields} } }`;
const refreshMs = 2_000;

/** Ways out: whether they deliver, how far behind they are, and what failed. */
export function SinksView() {
  const { place, replace } = useNavigation();
  const { sink: chosen = '', edit } = place.options;
  const show = (sink: string) => replace({ options: { sink } });
  if (edit !== undefined) {
    return (
      <div class="page">
        <SinkEditing key={edit} id={edit === 'new' ? null : edit} onDone={show} />
      </div>
    );
  }
  return (
    <div class="page">
      <Sinks chosen={chosen} show={show} edit={(id) => replace({ options: { edit: id } })} />
    </div>
  );
}

interface SinksProps {
  readonly chosen: string;
  readonly show: (id: string) => void;
  readonly edit: (id: string) => void;
}

function Sinks({ chosen, show, edit }: SinksProps) {
  const [ticks, refresh] = useTicks(refreshMs);
  const { data, error } = useAnswer<{ readonly sinks: readonly ListedSink[] }>(
    listQuery,
    {},
    ticks,
  );
  return (
    <>
      <section class="card" aria-label="Sinks">
        <div class="toolbar">
          <h2 class="toolbar-text">Sinks</h2>
          <button type="button" class="button primary" onClick={() => edit('new')}>
            New sink
          </button>
        </div>
        <Fault error={error} />
        {data?.sinks.length === 0 && <Empty>There is no sink yet.</Empty>}
        {data !== null && data.sinks.length > 0 && (
          <SinkTable sinks={data.sinks} chosen={chosen} onChoose={show} />
        )}
      </section>
      {chosen !== '' && (
        <SinkDetails
          key={chosen}
          id={chosen}
          ticks={ticks}
          refresh={refresh}
          onEdit={() => edit(chosen)}
          onDeleted={() => show('')}
        />
      )}
    </>
  );
}

interface SinkTableProps {
  readonly sinks: readonly ListedSink[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

const SinkTable = ({ sinks, chosen, onChoose }: SinkTableProps) => (
  <Table
    heads={[
      'Name',
      'State',
      'Target',
      'Format',
      { number: 'Behind' },
      { number: 'Delivered' },
      { number: 'Failed' },
    ]}
  >
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
        <td>{words(sink.format)}</td>
        <td class="number">{lagLine(sink)}</td>
        <td class="number">{count(sink.deliveredCount)}</td>
        <td class="number">{count(sink.failedCount)}</td>
      </tr>
    ))}
  </Table>
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
