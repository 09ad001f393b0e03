import { useState } from 'preact/hooks';
import type {
  AlarmRule,
  AlarmRuleInput,
  AlarmTest,
  EventFilter,
} from '../../client/schema.generated.ts';
import {
  type ConditionKind,
  conditionLine,
  draftOfRule,
  newRule,
  operators,
  type RuleDraft,
  ruleInputOf,
} from '../alarm-rule-draft.ts';
import { readFilter } from '../filter.ts';
import { Check, Choice, TextField } from '../form.tsx';
import { amount, counted, duration, shortTime } from '../format.ts';
import { Histogram } from '../histogram.tsx';
import { useNavigation } from '../navigation.tsx';
import { Empty, Fault } from '../notice.tsx';
import { Outdated } from '../outdated.tsx';
import { Table } from '../table.tsx';
import { type Span, spanOf, timeOf } from '../time-range.ts';
import { useAction } from '../use-action.ts';
import { useAnswer } from '../use-answer.ts';
import { useTicks } from '../use-ticks.ts';

type ListedRule = Pick<
  AlarmRule,
  | 'id'
  | 'name'
  | 'namespace'
  | 'origin'
  | 'definition'
  | 'enabled'
  | 'firingCount'
  | 'lastFiredAt'
  | 'problem'
  | 'version'
>;

const query = `query AlarmRules {
  alarmRules { id name namespace origin definition enabled firingCount lastFiredAt problem version }
}`;

/** The rules, and one of them to be written. */
export function AlarmRules() {
  const { place, replace } = useNavigation();
  const [ticks, refresh] = useTicks(5_000);
  const { data, error } = useAnswer<{ readonly alarmRules: readonly ListedRule[] }>(
    query,
    {},
    ticks,
  );
  const edit = (rule: string) => replace({ options: { tab: 'rules', rule } });
  const chosen = place.options.rule;
  const [reloads, setReloads] = useState(0);
  if (chosen !== undefined) {
    const rule = data?.alarmRules.find(({ id }) => id === chosen) ?? null;
    if (chosen !== 'new' && data === null) return <Fault error={error} />;
    return (
      <RuleEditor
        key={`${chosen} ${reloads}`}
        id={chosen === 'new' ? null : chosen}
        rule={rule}
        onReload={() => setReloads(reloads + 1)}
        onDone={() => edit('')}
      />
    );
  }
  return (
    <section class="card" aria-label="Rules">
      <div class="toolbar">
        <h2 class="toolbar-text">Rules</h2>
        <button type="button" class="button primary" onClick={() => edit('new')}>
          New rule
        </button>
      </div>
      <Fault error={error} />
      {data?.alarmRules.length === 0 && <Empty>There is no rule yet.</Empty>}
      {data !== null && data.alarmRules.length > 0 && (
        <Table
          heads={['Name', 'Events', 'Fires when', 'For each', { number: 'Firing' }, 'Last fired']}
          withActions
        >
          {data.alarmRules.map((rule) => (
            <RuleRow key={rule.id} rule={rule} onEdit={() => edit(rule.id)} onChange={refresh} />
          ))}
        </Table>
      )}
    </section>
  );
}

interface RuleRowProps {
  readonly rule: ListedRule;
  readonly onEdit: () => void;
  readonly onChange: () => void;
}

const remove = 'mutation DeleteRule($id: ID!) { deleteAlarmRule(id: $id) }';

function RuleRow({ rule, onEdit, onChange }: RuleRowProps) {
  const { id, name, namespace, origin, enabled, firingCount, lastFiredAt, problem } = rule;
  const draft = draftOfRule(rule.definition as Partial<AlarmRuleInput>);
  const action = useAction();
  return (
    <tr>
      <td>
        <button type="button" class="link" onClick={onEdit}>
          {name}
        </button>{' '}
        <span class="muted">
          {namespace}
          {enabled ? '' : ', off'}
          {origin === 'FILE' ? ', from a file' : ''}
        </span>
        {problem !== null && <Fault error={problem} />}
        <Fault error={action.error} />
      </td>
      <td>
        <code>{draft.filter || 'all'}</code>
      </td>
      <td>{conditionLine(draft)}</td>
      <td>{draft.entity || 'all together'}</td>
      <td class="number">{firingCount}</td>
      <td class="mono">{lastFiredAt === null ? 'never' : shortTime(lastFiredAt)}</td>
      <td>
        {origin === 'API' && (
          <button
            type="button"
            class="button small"
            onClick={() => {
              if (confirm(`Delete the rule ${name}?`)) action.run(remove, { id }, onChange);
            }}
          >
            Delete
          </button>
        )}
      </td>
    </tr>
  );
}

const create =
  'mutation CreateRule($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }';
const update = `mutation UpdateRule($id: ID!, $input: AlarmRuleInput!, $version: Int) {
  updateAlarmRule(id: $id, input: $input, version: $version) { id }
}`;
const test = `mutation TestRule($input: AlarmRuleInput!, $time: TimeRange!) {
  testAlarmRule(input: $input, time: $time) {
    alarms { entity { name value } startedAt recoveredAt value message }
    truncated evaluatedEvents
  }
}`;

interface RuleEditorProps {
  /** Null for a new one. */
  readonly id: string | null;
  /** As it is now; null where there is none. */
  readonly rule: ListedRule | null;
  readonly onReload: () => void;
  readonly onDone: () => void;
}

function RuleEditor({ id, rule: current, onReload, onDone }: RuleEditorProps) {
  const { place } = useNavigation();
  // The draft is of this version, whatever comes meanwhile.
  const [rule] = useState(current);
  const [draft, setDraft] = useState(
    rule === null ? newRule : draftOfRule(rule.definition as Partial<AlarmRuleInput>),
  );
  const [tested, setTested] = useState<AlarmTest | null>(null);
  const [fault, setFault] = useState<Error | null>(null);
  const action = useAction();
  const isReadOnly = rule?.origin === 'FILE';
  if (id !== null && rule === null) return <Fault error="There is no such rule." />;

  const withInput = (act: (input: object) => void) => {
    try {
      setFault(null);
      act(ruleInputOf(draft));
    } catch (error) {
      setFault(error as Error);
    }
  };
  const save = (event: Event) => {
    event.preventDefault();
    withInput((input) =>
      rule === null
        ? action.run(create, { input }, onDone)
        : action.run(update, { id: rule.id, input, version: rule.version }, onDone),
    );
  };
  const tryOut = () =>
    withInput((input) => {
      const named = { ...input, name: draft.name.trim() || 'test' };
      action.run<{ readonly testAlarmRule: AlarmTest }>(
        test,
        { input: named, time: timeOf(place.range) },
        ({ testAlarmRule }) => setTested(testAlarmRule),
      );
    });

  return (
    <>
      <section class="card" aria-label="Rule">
        <h2>{rule === null ? 'New rule' : rule.name}</h2>
        <form onSubmit={save}>
          <RuleFields draft={draft} onChange={(changed) => setDraft({ ...draft, ...changed })} />
          <Outdated what="rule" begun={rule} current={current} onReload={onReload} />
          <Fault error={fault ?? action.error} />
          <div class="actions">
            {!isReadOnly && (
              <button type="submit" class="button primary" disabled={action.isRunning}>
                Save
              </button>
            )}
            <button type="button" class="button" onClick={tryOut}>
              Test over the time above
            </button>
            <button type="button" class="button" onClick={onDone}>
              Back
            </button>
            {isReadOnly && <span class="muted">Declared in a file: change it there.</span>}
          </div>
        </form>
      </section>
      {tested !== null && <Tested test={tested} filter={readFilter(draft.filter).filter ?? {}} />}
    </>
  );
}

const kinds: readonly (readonly [ConditionKind, string])[] = [
  ['threshold', 'a number crosses a threshold'],
  ['notEndedWithin', 'an event does not end in time'],
  ['absentFor', 'no event comes'],
  ['expression', 'an expression of SkyWalking holds'],
];

interface RuleFieldsProps {
  readonly draft: RuleDraft;
  readonly onChange: (changed: Partial<RuleDraft>) => void;
}

function RuleFields({ draft, onChange }: RuleFieldsProps) {
  const text = (name: keyof RuleDraft) => ({
    value: String(draft[name]),
    onChange: (value: string) => onChange({ [name]: value }),
  });
  return (
    <div class="fields">
      <TextField label="Name" required {...text('name')} />
      <TextField label="Namespace" {...text('namespace')} />
      <TextField label="Events that count" placeholder="all, or a filter" {...text('filter')} />
      <TextField
        label="An alarm for each"
        placeholder="all together; or: service, tag:pool"
        {...text('entity')}
      />
      <Choice label="Fires when" options={kinds} {...text('kind')} />
      <ConditionFields draft={draft} text={text} />
      <TextField label="Holding for" placeholder="at once" {...text('pendingFor')} />
      <TextField label="Recovers after" placeholder="at once" {...text('recoverAfter')} />
      <TextField label="Notified again after" placeholder="not again" {...text('silenceFor')} />
      <Choice
        label="Severity"
        options={[
          ['ERROR', 'Error'],
          ['NORMAL', 'Normal'],
        ]}
        {...text('severity')}
      />
      <TextField
        label="Message"
        placeholder="{name}: {value} over {threshold}"
        {...text('message')}
      />
      <TextField label="Tags" placeholder="team:storage" {...text('tags')} />
      <TextField label="Description" {...text('description')} />
      <Check
        label="Evaluated"
        checked={draft.enabled}
        onChange={(enabled) => onChange({ enabled })}
      />
    </div>
  );
}

const figures = ['COUNT', 'SUM', 'AVERAGE', 'MIN', 'MAX'].map(
  (figure) => [figure, figure.toLowerCase()] as const,
);

interface ConditionFieldsProps {
  readonly draft: RuleDraft;
  readonly text: (name: keyof RuleDraft) => {
    readonly value: string;
    readonly onChange: (value: string) => void;
  };
}

function ConditionFields({ draft, text }: ConditionFieldsProps) {
  if (draft.kind === 'expression') {
    return (
      <>
        <TextField label="Expression" required {...text('expression')} />
        <TextField label="Minutes" inputMode="decimal" {...text('period')} />
      </>
    );
  }
  if (draft.kind !== 'threshold') return <TextField label="Within" required {...text('within')} />;
  return (
    <>
      <Choice label="The" options={figures} {...text('figure')} />
      <TextField label="Of" placeholder="events; or: duration, trait:size" {...text('measure')} />
      <Choice label="Is" options={operators} {...text('op')} />
      <TextField label="Threshold" inputMode="decimal" required {...text('value')} />
      <TextField label="Over the last" required {...text('over')} />
    </>
  );
}

function Tested({
  test: answer,
  filter,
}: {
  readonly test: AlarmTest;
  readonly filter: EventFilter;
}) {
  const { place, go } = useNavigation();
  const [now] = useState(() => Date.now());
  const span = spanOf(place.range, now);
  const marks = answer.alarms.map(
    ({ startedAt, recoveredAt }): Span => ({
      fromMs: Date.parse(startedAt),
      toMs: recoveredAt === null ? span.toMs : Date.parse(recoveredAt),
    }),
  );
  return (
    <section class="card" aria-label="Test">
      <h2>
        {counted(answer.alarms.length, 'alarm')}{' '}
        <span class="muted">
          over {counted(answer.evaluatedEvents, 'evaluated event')}
          {answer.truncated ? ', the first are shown' : ''}
        </span>
      </h2>
      <Histogram
        filter={filter}
        range={place.range}
        span={span}
        marks={marks}
        onZoom={(range) => go({ range })}
      />
      {answer.alarms.length > 0 && (
        <Table heads={['Would fire', 'About', { number: 'Value' }, 'Lasting', 'Message']}>
          {answer.alarms
            .slice(0, 100)
            .map(({ startedAt, recoveredAt, entity, value, message }, at) => (
              <tr key={at}>
                <td class="mono">{shortTime(startedAt)}</td>
                <td>{entity.map((label) => label.value ?? '–').join(' · ') || 'all events'}</td>
                <td class="number">{amount(value)}</td>
                <td>
                  {recoveredAt === null
                    ? 'goes on'
                    : duration(Date.parse(recoveredAt) - Date.parse(startedAt))}
                </td>
                <td>{message}</td>
              </tr>
            ))}
        </Table>
      )}
    </section>
  );
}
