import { useState } from 'preact/hooks';
import { Icon } from '../icon.tsx';
import { Fault } from '../notice.tsx';

interface SignInProps {
  /** Null where the gateway shows nothing to those who have not signed in. */
  readonly onCancel: (() => void) | null;
  readonly onSignedIn: () => void;
}

/** A token becomes a cookie that the page itself cannot read. */
export function SignIn({ onCancel, onSignedIn }: SignInProps) {
  const [token, setToken] = useState('');
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const fault = await signInWith(token.trim());
    setError(fault);
    if (fault === null) onSignedIn();
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>
          <Icon name="logo" size={26} /> Tidings
        </h1>
        <p>
          Sign in with a token of this gateway, or a JSON Web Token of an issuer that it trusts.
        </p>
        <Fault error={error} />
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
          <button type="submit" class="button primary">
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

/** Null when it worked, else the reason. */
async function signInWith(token: string): Promise<string | null> {
  try {
    const response = await fetch('/console/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    if (response.ok) return null;
    const { error } = (await response.json()) as { readonly error?: string };
    return error ?? `The gateway answered ${response.status}.`;
  } catch {
    return 'The gateway does not answer.';
  }
}
