/** The answer of an issuer, in the URL of the page to which it sends somebody back. */
export interface IssuerAnswer {
  readonly code: string;
  readonly state: string;
  /** A sentence, where nobody was signed in. */
  readonly fault: string | null;
}

const placeKey = 'tidings-sign-in-place';

/** Goes to the issuer, and later back to the same place. Resolves with a sentence where it cannot. */
export async function goToIssuer(): Promise<string> {
  try {
    const response = await fetch('/console/sign-in', { method: 'POST' });
    const { url, error } = (await response.json()) as {
      readonly url?: string;
      readonly error?: string;
    };
    if (url === undefined) return error ?? `The gateway answered ${response.status}.`;
    remember(location.search);
    location.assign(url);
    return '';
  } catch {
    return 'The gateway does not answer.';
  }
}

/** Takes the issuer's answer out of the URL, which then is that of the place before; null where there is none. */
export function takeIssuerAnswer(): IssuerAnswer | null {
  const answer = readIssuerAnswer(location.search);
  if (answer !== null) history.replaceState(null, '', `/${recall()}`);
  return answer;
}

/** The answer in the query of a URL (RFC 6749, sections 4.1.2 and 4.1.2.1). */
export function readIssuerAnswer(search: string): IssuerAnswer | null {
  const parameters = new URLSearchParams(search);
  const [code, state, error] = ['code', 'state', 'error'].map((name) => parameters.get(name));
  if (state == null || (code == null && error == null)) return null;
  const reason = parameters.get('error_description') ?? error;
  const fault = code == null ? `The issuer has not signed you in: ${reason}.` : null;
  return { code: code ?? '', state, fault };
}

/** Without storage the page begins at its first view. */
function remember(search: string): void {
  try {
    sessionStorage.setItem(placeKey, search);
  } catch {}
}

function recall(): string {
  try {
    const search = sessionStorage.getItem(placeKey) ?? '';
    sessionStorage.removeItem(placeKey);
    return search;
  } catch {
    return '';
  }
}
