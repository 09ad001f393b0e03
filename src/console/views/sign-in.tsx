import { useEffect, useState } from 'preact/hooks';
import { signInOffer, signInWith } from '../console-session.ts';
import { Icon } from '../icon.tsx';
import { goToIssuer } from '../issuer-sign-in.ts';
import { Fault } from '../notice.tsx';

interface SignInProps {
  /** Why signing in has not worked; null before it was tried. */
  readonly fault: string | null;
  /** Null where the gateway shows nothing to those who have not signed in. */
  readonly onCancel: (() => void) | null;
  readonly onSignedIn: () => void;
}

/** Through the issuer, or by a token, which becomes a cookie that the page itself cannot read. */
export function SignIn({ fault, onCancel, onSignedIn }: SignInProps) {
  const [token, setToken] = useState('');
  const [error, setError] = useState(fault);
  const issuer = useIssuer();
  const submit = async (event: Event) => {
    event.preventDefault();
    const reason = await signInWith({ token: token.trim() });
    setError(reason);
    if (reason === null) onSignedIn();
  };
  const go = async () => setError((await goToIssuer()) || null);
  return (
    <main class="sign-in">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>
          <Icon name="logo" size={26} /> Tidings
        </h1>
        <Fault error={error} />
        {issuer !== null && (
          <button type="button" class="button primary" onClick={() => void go()}>
            Sign in at {hostOf(issuer)}
          </button>
        )}
        <p>
          {issuer === null ? 'Sign in' : 'Or sign in'} with a token of this gateway, or a JSON Web
          Token of an issuer that it trusts.
        </p>
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            required
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <div class="actions">
          <button type="submit" class={issuer === null ? 'button primary' : 'button'}>
            Sign in
          </button>
          {onCancel && (
            <button type="button" class="button" onClick={onCancel}>
              Cancel
            </button>
          )}
        </div>
        <p class="muted">
          An operator makes one on the gateway's machine:{' '}
          <code>tidings token create --role ROLE</code>
        </p>
      </form>
    </main>
  );
}

/** Null where nobody signs in through one, and before that is known. */
function useIssuer(): string | null {
  const [issuer, setIssuer] = useState<string | null>(null);
  useEffect(() => {
    // Without an answer there is the token.
    signInOffer().then(
      (offer) => setIssuer(offer.issuer),
      () => {},
    );
  }, []);
  return issuer;
}

const hostOf = (issuer: string): string => (URL.canParse(issuer) ? new URL(issuer).host : issuer);
