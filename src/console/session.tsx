import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Grant, GrantAction, HiddenField, Viewer } from '../client/schema.generated.ts';

/** Who looks at the page, and what they may do. */
export interface Session {
  readonly viewer: Viewer;
  /** Whether the gateway knows of credentials at all. */
  readonly canSignIn: boolean;
  /** Fields of events that are kept back: asking for one is an error. */
  readonly hidden: ReadonlySet<HiddenField>;
  /** Whether a grant allows it somewhere. The gateway checks every action again. */
  may(action: GrantAction): boolean;
  signIn(): void;
  signOut(): void;
}

export const viewerQuery = `query Viewer {
  viewer { name kind roles expiresAt grants { actions namespaces topics filter hiddenFields } }
}`;

export const mayOf =
  ({ grants }: Viewer) =>
  (action: GrantAction): boolean =>
    grants.some(({ actions }) => actions.includes(action) || actions.includes('ADMIN'));

/** As the gateway has it: one grant that shows all events whole outweighs others that hide a field. */
export function hiddenFrom({ grants }: Viewer): ReadonlySet<HiddenField> {
  const reading = grants.filter(({ actions }) =>
    actions.some((action) => action === 'READ' || action === 'ADMIN'),
  );
  if (reading.some(showsAll)) return new Set();
  return new Set(reading.flatMap(({ hiddenFields }) => hiddenFields));
}

const showsAll = ({ hiddenFields, namespaces, topics, filter }: Grant): boolean =>
  hiddenFields.length === 0 && namespaces.includes('*') && topics.includes('*') && filter === null;

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('There is no session yet.');
  return session;
}
