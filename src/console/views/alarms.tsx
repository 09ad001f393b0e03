import { useState } from 'preact/hooks';
import type { Alarm, AlarmFilter, AlarmState } from '../../client/schema.generated.ts';
import { Dialog, Tabs, TextField } from '../form.tsx';
import { amount, counted, duration, shortTime } from '../format.ts';
import { useNavigation, useOption } from '../navigation.tsx';
import { Empty, Fault } from '../notice.tsx';
import { useSession } from '../session.tsx';
import { Split, useOpenEvent } from '../split.tsx';
import { Table } from '../table.tsx';
import { timeOf } from '../time-range.ts';
import { useAction } from '../use-action.ts';
import { useAnswer } from '../use-answer.ts';
import { useTicks } from '../use-ticks.ts';
import { AlarmRules } from './alarm-rules.tsx';
import { Silences } from './silences.tsx';

/** Alarms that fire and that have fired; for those who manage them, rules and silences as well. */
export function AlarmsView() {
  const { may } = useSession();
  const { place, replace } = useNavigation();
  const [tab] = useOption('tab', 'alarms');
  const manages = may('MANAGE_ALARMS');
  const shown = manages ? tab : 'alarms';
  return (
    <div class="page">
      {manages && (
        <Tabs
          label="Alarms"
          value={shown}
          tabs={[
            ['alarms', 'Alarms'],
            ['rules', 'Rules'],
            ['silences', 'Silences'],
          ]}
          onChange={(next) => replace({ options: next === 'alarms' ? {} : { tab: next } })}
        />
      )}
      {shown === 'rules' && <AlarmRules key={place.options.rule} />}
      {shown === 'silences' && <Silences />}
      {shown === 'alarms' && <Alarms />}
    </div>
  );
}

type ListedAlarm = Pick<
  Alarm,
  | 'id'
  | 'ruleName'
  | 'state'
  | 'startedAt'
  | 'recoveredAt'
  | 'entity'
  | 'acknowledgedAt'
  | 'acknowledgedBy'
  | 'comment'
> &
  /** Absent where traits are hidden from the viewer. */
  Partial<Pick<Alarm, 'value' | 'latestValue'>>;

interface AlarmPage {
  readonly alarms: { readonly nodes: readonly ListedAlarm[]; readonly totalCount: number };
}

const queryOf = (values: string) => `query Alarms($filter: AlarmFilter, $first: Int!) {
  alarms(filter: $filter, first: $first) {
    nodes {
      id ruleName state startedAt recoveredAt ${values} acknowledgedAt acknowledgedBy comment
      entity { name value }
    }
    totalCount
  }
}`;

const refreshMs = 3_000;
const going: readonly AlarmState[] = ['FIRING', 'SILENCED', 'OBSERVING_RECOVERY'];

function Alarms() {
  const { place } = useNavigation();
  const [ticks, refresh] = useTicks(refreshMs);
  const { open } = useOpenEvent();
  return (
    <Split class="stack">
      <AlarmTable
        title="Firing now"
        none="No alarm is firing."
        filter={{ states: going }}
        {...{ ticks, refresh, open }}
      />
      <AlarmTable
        title="History"
        none="No alarm of this time has recovered."
        filter={{ states: ['RECOVERED'], time: timeOf(place.range) }}
        {...{ ticks, refresh, open }}
      />
    </Split>
  );
}

interface AlarmTableProps {
  readonly title: string;
  readonly none: string;
  readonly filter: AlarmFilter;
  readonly ticks: number;
  readonly refresh: () => void;
  readonly open: (id: string) => void;
}

function AlarmTable({ title, none, filter, ticks, refresh, open }: AlarmTableProps) {
  const { hidden } = useSession();
  const query = queryOf(hidden.has('TRAITS') ? '' : 'value latestValue');
  const { data, error } = useAnswer<AlarmPage>(query, { filter, first: 100 }, ticks);
  const alarms = data?.alarms;
  return (
    <section class="card" aria-label={title}>
      <h2>
        {title}{' '}
        {alarms !== undefined && alarms.totalCount > 0 && (
          <span class="muted">{counted(alarms.totalCount, 'alarm')}</span>
        )}
      </h2>
      <Fault error={error} />
      {alarms?.nodes.length === 0 && <Empty>{none}</Empty>}
      {alarms !== undefined && alarms.nodes.length > 0 && (
        <Table
          heads={['Rule', 'About', 'State', { number: 'Value' }, 'Since', 'Lasted', 'Acknowledged']}
        >
          {alarms.nodes.map((alarm) => (
            <AlarmRow key={alarm.id} alarm={alarm} open={open} onChange={refresh} />
          ))}
        </Table>
      )}
    </section>
  );
}

const stateTitles: Readonly<Record<AlarmState, string>> = {
  FIRING: 'Firing',
  SILENCED: 'Silenced',
  OBSERVING_RECOVERY: 'Recovering',
  RECOVERED: 'Recovered',
};

const stateClasses: Readonly<Record<AlarmState, string>> = {
  FIRING: 'state state-bad',
  SILENCED: 'state state-busy',
  OBSERVING_RECOVERY: 'state state-busy',
  RECOVERED: 'state state-ok',
};

interface AlarmRowProps {
  readonly alarm: ListedAlarm;
  readonly open: (id: string) => void;
  readonly onChange: () => void;
}

function AlarmRow({ alarm, open, onChange }: AlarmRowProps) {
  const { id, ruleName, state, startedAt, recoveredAt, entity } = alarm;
  const lasted = Date.parse(recoveredAt ?? new Date().toISOString()) - Date.parse(startedAt);
  return (
    <tr>
      <td>
        <button type="button" class="link" onClick={() => open(id)}>
          {ruleName}
        </button>
      </td>
      <td>{entity.map(({ value }) => value ?? '–').join(' · ') || 'all events'}</td>
      <td>
        <span class={stateClasses[state]}>{stateTitles[state]}</span>
      </td>
      <td class="number">{amount(alarm.latestValue ?? alarm.value)}</td>
      <td class="mono">{shortTime(startedAt)}</td>
      <td>{duration(Math.max(0, lasted))}</td>
      <td>
        <Acknowledgement alarm={alarm} onChange={onChange} />
      </td>
    </tr>
  );
}

const acknowledge = `mutation Acknowledge($id: ID!, $comment: String) {
  acknowledgeAlarm(id: $id, comment: $comment) { id }
}`;

function Acknowledgement({
  alarm,
  onChange,
}: {
  readonly alarm: ListedAlarm;
  readonly onChange: () => void;
}) {
  const { may } = useSession();
  const [isOpen, setOpen] = useState(false);
  const [comment, setComment] = useState('');
  const action = useAction();
  const { id, ruleName, acknowledgedAt, acknowledgedBy, comment: said } = alarm;
  if (acknowledgedAt !== null) {
    return (
      <>
        {acknowledgedBy ?? 'yes'}
        {said === null ? '' : `: ${said}`}
      </>
    );
  }
  if (!may('MANAGE_ALARMS')) return null;
  const submit = (event: Event) => {
    event.preventDefault();
    action.run(acknowledge, { id, comment: comment || null }, () => {
      setOpen(false);
      onChange();
    });
  };
  return (
    <>
      <button type="button" class="button small" onClick={() => setOpen(true)}>
        Acknowledge
      </button>
      {isOpen && (
        <Dialog title={`Acknowledge ${ruleName}`} onClose={() => setOpen(false)}>
          <form class="stack" onSubmit={submit}>
            <Fault error={action.error} />
            <TextField
              label="Comment, for others"
              value={comment}
              onChange={setComment}
              placeholder="I am looking at it"
            />
            <div class="actions">
              <button type="submit" class="button primary" disabled={action.isRunning}>
                Acknowledge
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
