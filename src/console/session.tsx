import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { GrantAction, HiddenField, Viewer } from '../client/schema.generated.ts';

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

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('There is no session yet.');
  return session;
}
