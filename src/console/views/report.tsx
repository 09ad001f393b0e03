import { useState } from 'preact/hooks';
import type { ReportError } from '../../client/schema.generated.ts';
import { AreaField, Choice, TextField } from '../form.tsx';
import { useNavigation } from '../navigation.tsx';
import { Fault } from '../notice.tsx';
import { eventInputOf, newReport, type ReportDraft } from '../report-draft.ts';
import { useAction } from '../use-action.ts';

const mutation = `mutation Report($event: EventInput!) {
  reportEvent(event: $event) {
    ... on ReportedEvent { id index status }
    ... on RejectedEvent { errors { path code message } }
  }
}`;

interface Reported {
  readonly reportEvent:
    | { readonly id: string; readonly index: number; readonly status: string }
    | { readonly errors: readonly ReportError[] };
}

/** An event that somebody writes. */
export function ReportView() {
  const [draft, setDraft] = useState(newReport);
  const [reported, setReported] = useState<Reported['reportEvent'] | null>(null);
  const [fault, setFault] = useState<Error | null>(null);
  const action = useAction();
  const text = (name: keyof ReportDraft) => ({
    value: draft[name],
    onChange: (value: string) => setDraft({ ...draft, [name]: value }),
  });
  const submit = (event: Event) => {
    event.preventDefault();
    setReported(null);
    try {
      setFault(null);
      action.run<Reported>(mutation, { event: eventInputOf(draft) }, (answer) =>
        setReported(answer.reportEvent),
      );
    } catch (error) {
      setFault(error as Error);
    }
  };
  return (
    <div class="page">
      <section class="card" aria-label="Report">
        <h2>Report an event</h2>
        <form onSubmit={submit}>
          <div class="fields">
            <TextField label="Type" required placeholder="Volume.Create" {...text('type')} />
            <Choice
              label="Severity"
              options={[
                ['NORMAL', 'Normal'],
                ['ERROR', 'Error'],
              ]}
              {...text('severity')}
            />
            <TextField label="Key" placeholder="vol-1" {...text('key')} />
            <TextField label="Message" placeholder="volume created" {...text('message')} />
            <TextField label="Tags" placeholder="pool:gold, canary" {...text('tags')} />
            <TextField label="Namespace" {...text('namespace')} />
            <TextField label="Service" {...text('service')} />
            <TextField label="Instance" {...text('instance')} />
            <TextField label="Node" {...text('node')} />
            <TextField label="Began" placeholder="now, or 2026-11-20T08:15" {...text('time')} />
            <TextField label="Ended" placeholder="not yet, or never" {...text('endTime')} />
            <TextField label="Id" placeholder="a new one; a known one completes" {...text('id')} />
            <AreaField
              label="Traits, one a line"
              rows={4}
              placeholder="size_gib=20"
              {...text('traits')}
            />
            <AreaField
              label="Value, as JSON"
              rows={4}
              placeholder='{"attempt": 1}'
              {...text('value')}
            />
          </div>
          <Fault error={fault ?? action.error} />
          <div class="actions">
            <button type="submit" class="button primary" disabled={action.isRunning}>
              Report
            </button>
            <button type="button" class="button" onClick={() => setDraft(newReport)}>
              Clear
            </button>
          </div>
        </form>
        {reported !== null && <Outcome reported={reported} />}
      </section>
    </div>
  );
}

function Outcome({ reported }: { readonly reported: Reported['reportEvent'] }) {
  const { go } = useNavigation();
  if ('errors' in reported) {
    return (
      <>
        {reported.errors.map(({ path, message }) => (
          <Fault key={message} error={`${path.join('.')}: ${message}`} />
        ))}
      </>
    );
  }
  const { id, index, status } = reported;
  return (
    <p class="notice" role="status">
      {status === 'DUPLICATE' ? 'It was there already' : 'Recorded'} as index {index}.{' '}
      <button
        type="button"
        class="link"
        onClick={() => go({ view: 'events', filter: `id:${id}`, options: { event: id } })}
      >
        Show it
      </button>
    </p>
  );
}
