import { useState } from 'preact/hooks';
import type { EventFilter, Silence } from '../../client/schema.generated.ts';
import { filterText, readFilter } from '../filter.ts';
import { Choice, TextField } from '../form.tsx';
import { longTime } from '../format.ts';
import { Empty, Fault } from '../notice.tsx';
import { Table } from '../table.tsx';
import { momentMs } from '../time-range.ts';
import { useAction } from '../use-action.ts';
import { useAnswer } from '../use-answer.ts';
import { useTicks } from '../use-ticks.ts';

const query = `query Silences { silences(active: true) { id namespace rules filter until comment createdBy } }`;
const end = 'mutation EndSilence($id: ID!) { endSilence(id: $id) { id } }';
const create = 'mutation Silence($input: SilenceInput!) { createSilence(input: $input) { id } }';

/** Times in which alarms are recorded, and nobody is notified. */
export function Silences() {
  const [ticks, refresh] = useTicks(5_000);
  const { data, error } = useAnswer<{ readonly silences: readonly Silence[] }>(query, {}, ticks);
  const ending = useAction();
  return (
    <>
      <section class="card" aria-label="Silences">
        <h2>Silences</h2>
        <Fault error={error ?? ending.error} />
        {data?.silences.length === 0 && <Empty>Nothing is silenced.</Empty>}
        {data !== null && data.silences.length > 0 && (
          <Table heads={['Why', 'Namespace', 'Rules', 'About', 'Until', 'By']} withActions>
            {data.silences.map(({ id, namespace, rules, filter, until, comment, createdBy }) => (
              <tr key={id}>
                <td>{comment}</td>
                <td>{namespace}</td>
                <td>{rules.join(', ') || 'all'}</td>
                <td>{filter === null ? 'any event' : filterText(filter as EventFilter)}</td>
                <td class="mono">{longTime(until).slice(0, 16)}</td>
                <td>{createdBy ?? ''}</td>
                <td>
                  <button
                    type="button"
                    class="button small"
                    onClick={() => ending.run(end, { id }, refresh)}
                  >
                    End now
                  </button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </section>
      <NewSilence onCreated={refresh} />
    </>
  );
}

function NewSilence({ onCreated }: { readonly onCreated: () => void }) {
  const [comment, setComment] = useState('');
  const [namespace, setNamespace] = useState('default');
  const [rules, setRules] = useState('');
  const [about, setAbout] = useState('');
  const [length, setLength] = useState('4h');
  const action = useAction();
  const { filter, fault } = readFilter(about);
  const submit = (event: Event) => {
    event.preventDefault();
    const now = Date.now();
    // The length before now, turned round.
    const until = new Date(2 * now - (momentMs(`now-${length}`, now) ?? now)).toISOString();
    const names = rules.split(',').flatMap((name) => name.trim() || []);
    const input = {
      namespace,
      comment,
      until,
      ...(names.length > 0 && { rules: names }),
      ...(about.trim() !== '' && { filter }),
    };
    action.run(create, { input }, () => {
      setComment('');
      onCreated();
    });
  };
  return (
    <section class="card" aria-label="New silence">
      <h2>New silence</h2>
      <form class="fields" onSubmit={submit}>
        <TextField label="Why" required value={comment} onChange={setComment} />
        <TextField label="Namespace" required value={namespace} onChange={setNamespace} />
        <TextField
          label="Rules"
          value={rules}
          onChange={setRules}
          placeholder="all, or names with commas"
        />
        <TextField
          label="About events"
          value={about}
          onChange={setAbout}
          placeholder="any, or a filter: node:node-1"
          fault={fault}
        />
        <Choice
          label="For"
          value={length}
          onChange={setLength}
          options={[
            ['1h', '1 hour'],
            ['4h', '4 hours'],
            ['24h', '1 day'],
            ['7d', '7 days'],
          ]}
        />
        <div class="actions">
          <button
            type="submit"
            class="button primary"
            disabled={action.isRunning || fault !== null}
          >
            Silence
          </button>
        </div>
        <Fault error={action.error} />
      </form>
    </section>
  );
}
