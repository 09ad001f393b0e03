/** What the gateway says of signing in. */
export interface SignInOffer {
  /** Whether there is anything to sign in to. */
  readonly signIn: boolean;
  /** The issuer through which one may; null for by token alone. */
  readonly issuer: string | null;
}

const path = '/console/session';

export const signInOffer = async (): Promise<SignInOffer> =>
  (await (await fetch(path)).json()) as SignInOffer;

/**
 * Signs in: the gateway keeps the credential as a cookie that the page cannot read.
 * @param proof a token, or the issuer's code and state
 * @returns null when it worked, else the reason
 */
export async function signInWith(
  proof: { readonly token: string } | { readonly code: string; readonly state: string },
): Promise<string | null> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(proof),
    });
    if (response.ok) return null;
    const { error } = (await response.json()) as { readonly error?: string };
    return error ?? `The gateway answered ${response.status}.`;
  } catch {
    return 'The gateway does not answer.';
  }
}

export const signOutOfGateway = () => fetch(path, { method: 'DELETE' });
