import { useState } from 'preact/hooks';
import type { JournalStatus } from '../../client/schema.generated.ts';
import { Fact } from '../fact.tsx';
import { count } from '../format.ts';
import { Fault } from '../notice.tsx';
import { Refreshed } from '../refreshed.ts';
import { useSession } from '../session.tsx';
import { useAnswer } from '../use-answer.ts';
import { useJournal } from '../use-journal.ts';
import { useRefreshed } from '../use-refreshed.ts';

const query = 'query About { journal { kind id firstIndex lastIndex storedIndex } }';

interface About {
  readonly version: string;
  readonly dialects: readonly string[];
  readonly paths: Readonly<Record<string, string>>;
}

interface Health {
  readonly ok: boolean;
  readonly error?: string;
  readonly reason?: string;
}

interface Readiness {
  readonly status: string;
  readonly journal: Health;
  readonly store: Health;
  readonly sources: Readonly<Record<string, Health>>;
}

/** The gateway and its parts, the viewer's rights, and the keys of the console. */
export function AboutView() {
  const { storedIndex } = useJournal();
  const about = useJson<About>('/', null);
  const readiness = useJson<Readiness>('/readyz', storedIndex);
  const { data, error } = useAnswer<{ readonly journal: JournalStatus }>(query, {}, storedIndex);
  return (
    <div class="page about">
      <section class="card">
        <h2>Gateway</h2>
        <Fault error={error} />
        <dl class="facts">
          <Fact title="Version">{about?.version}</Fact>
          <Fact title="Ready">{readiness?.status}</Fact>
          {readiness !== null && <Parts {...readiness} />}
          <Fact title="Dialects">{about?.dialects.join(', ') || 'none'}</Fact>
        </dl>
      </section>
      {data !== null && <Journal journal={data.journal} />}
      <Viewer />
      <section class="card">
        <h2>Keys</h2>
        <dl class="facts">
          <Fact title="/">writes in the filter</Fact>
          <Fact title="j, k">next and previous event</Fact>
          <Fact title="Enter, Esc">opens and closes an event</Fact>
          <Fact title="Left, right">chooses a value of the event in the list</Fact>
          <Fact title="+, -">takes the value into the filter, or out</Fact>
          <Fact title="Space">pauses and continues the live tail</Fact>
        </dl>
      </section>
      <section class="card">
        <h2>Addresses</h2>
        <dl class="facts">
          {Object.entries(about?.paths ?? {}).map(([path, what]) => (
            <Fact key={path} title={<a href={path}>{path}</a>}>
              {what}
            </Fact>
          ))}
          <Fact title={<a href="/console/licences.txt">Licences</a>}>
            Code of others in this page
          </Fact>
        </dl>
      </section>
    </div>
  );
}

const Parts = ({ journal, store, sources }: Readiness) => (
  <>
    {Object.entries({ journal, store, ...sources }).map(([name, health]) => (
      <Fact key={name} title={name[0]?.toUpperCase() + name.slice(1)}>
        <span class={health.ok ? 'state state-ok' : 'state state-bad'}>
          {health.ok ? 'ok' : (health.error ?? health.reason ?? 'down')}
        </span>
      </Fact>
    ))}
  </>
);

const Journal = ({ journal }: { readonly journal: JournalStatus }) => (
  <section class="card">
    <h2>Journal</h2>
    <dl class="facts">
      <Fact title="Kind">{journal.kind === 'NATS' ? 'NATS JetStream' : 'Embedded'}</Fact>
      <Fact title="First index">
        {journal.firstIndex === null ? 'none' : count(journal.firstIndex)}
      </Fact>
      <Fact title="Last index">{count(journal.lastIndex)}</Fact>
      <Fact title="Stored up to">{count(journal.storedIndex)}</Fact>
      <Fact title="Id">
        <span class="mono">{journal.id}</span>
      </Fact>
    </dl>
  </section>
);

function Viewer() {
  const { viewer } = useSession();
  return (
    <section class="card">
      <h2>You</h2>
      <dl class="facts">
        <Fact title="Name">{viewer.name}</Fact>
        <Fact title="Roles">{viewer.roles.join(', ') || 'none'}</Fact>
        {viewer.grants.map(({ actions, namespaces, topics, hiddenFields }, at) => (
          <Fact key={at} title={at === 0 ? 'May' : ''}>
            {actions.join(', ')} in {namespaces.join(', ')}
            {topics.includes('*') ? '' : `, topics ${topics.join(', ')}`}
            {hiddenFields.length === 0 ? '' : `, without ${hiddenFields.join(', ').toLowerCase()}`}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

/** A document of the gateway as well as GraphQL; null until it is there. */
function useJson<Document>(path: string, revision: unknown): Document | null {
  const [document, setDocument] = useState<Document | null>(null);
  const get = async (signal: AbortSignal) => {
    const response = await fetch(path, { headers: { Accept: 'application/json' }, signal });
    return (await response.json()) as Document;
  };
  // Without an answer it is shown as not there yet.
  const open = () => new Refreshed(get, { onAnswer: setDocument, onError: () => {} });
  useRefreshed(open, path, revision);
  return document;
}
