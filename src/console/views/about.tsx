import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { JournalStatus } from '../../client/schema.generated.ts';
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
          <Row title="Version">{about?.version}</Row>
          <Row title="Ready">{readiness?.status}</Row>
          {readiness !== null && <Parts {...readiness} />}
          <Row title="Dialects">{about?.dialects.join(', ') || 'none'}</Row>
        </dl>
      </section>
      {data !== null && <Journal journal={data.journal} />}
      <Viewer />
      <section class="card">
        <h2>Keys</h2>
        <dl class="facts">
          <Row title="/">writes in the filter</Row>
          <Row title="j, k">next and previous event</Row>
          <Row title="Enter, Esc">opens and closes an event</Row>
          <Row title="Left, right">chooses a value of the event in the list</Row>
          <Row title="+, -">takes the value into the filter, or out</Row>
          <Row title="Space">pauses and continues the live tail</Row>
        </dl>
      </section>
      <section class="card">
        <h2>Addresses</h2>
        <dl class="facts">
          {Object.entries(about?.paths ?? {}).map(([path, what]) => (
            <Row key={path} title={<a href={path}>{path}</a>}>
              {what}
            </Row>
          ))}
          <Row title={<a href="/console/licences.txt">Licences</a>}>
            Code of others in this page
          </Row>
        </dl>
      </section>
    </div>
  );
}

const Row = ({
  title,
  children,
}: {
  readonly title: ComponentChildren;
  readonly children: ComponentChildren;
}) => (
  <>
    <dt>{title}</dt>
    <dd>{children ?? '…'}</dd>
  </>
);

const Parts = ({ journal, store, sources }: Readiness) => (
  <>
    {Object.entries({ journal, store, ...sources }).map(([name, health]) => (
      <Row key={name} title={name[0]?.toUpperCase() + name.slice(1)}>
        <span class={health.ok ? 'state state-ok' : 'state state-bad'}>
          {health.ok ? 'ok' : (health.error ?? health.reason ?? 'down')}
        </span>
      </Row>
    ))}
  </>
);

const Journal = ({ journal }: { readonly journal: JournalStatus }) => (
  <section class="card">
    <h2>Journal</h2>
    <dl class="facts">
      <Row title="Kind">{journal.kind === 'NATS' ? 'NATS JetStream' : 'Embedded'}</Row>
      <Row title="First index">
        {journal.firstIndex === null ? 'none' : count(journal.firstIndex)}
      </Row>
      <Row title="Last index">{count(journal.lastIndex)}</Row>
      <Row title="Stored up to">{count(journal.storedIndex)}</Row>
      <Row title="Id">
        <span class="mono">{journal.id}</span>
      </Row>
    </dl>
  </section>
);

function Viewer() {
  const { viewer } = useSession();
  return (
    <section class="card">
      <h2>You</h2>
      <dl class="facts">
        <Row title="Name">{viewer.name}</Row>
        <Row title="Roles">{viewer.roles.join(', ') || 'none'}</Row>
        {viewer.grants.map(({ actions, namespaces, topics, hiddenFields }, at) => (
          <Row key={at} title={at === 0 ? 'May' : ''}>
            {actions.join(', ')} in {namespaces.join(', ')}
            {topics.includes('*') ? '' : `, topics ${topics.join(', ')}`}
            {hiddenFields.length === 0 ? '' : `, without ${hiddenFields.join(', ').toLowerCase()}`}
          </Row>
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
