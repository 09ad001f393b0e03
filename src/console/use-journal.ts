import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { ask } from './gateway-client.ts';

/** How far the journal has got, as the page last heard. */
export interface JournalState {
  /** Null before the first answer. */
  readonly storedIndex: number | null;
  /** Null while the gateway answers. */
  readonly error: Error | null;
}

const everyMs = 2_500;
const query = 'query Journal { journal { storedIndex } }';

/** Asks how far the journal has got, while somebody looks; for the root of the page alone. */
export function usePolledJournal(): JournalState {
  const [state, setState] = useState<JournalState>({ storedIndex: null, error: null });
  useEffect(() => {
    const asking = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      if (!document.hidden) {
        const found = await storedIndex(asking.signal);
        if (asking.signal.aborted) return;
        setState((before) => merged(before, found));
      }
      timer = setTimeout(look, everyMs);
    };
    void look();
    return () => {
      asking.abort();
      clearTimeout(timer);
    };
  }, []);
  return state;
}

async function storedIndex(signal: AbortSignal): Promise<number | Error> {
  interface Journal {
    readonly journal: { readonly storedIndex: number };
  }
  try {
    return (await ask<Journal>(query, {}, signal)).journal.storedIndex;
  } catch (error) {
    return error as Error;
  }
}

/** The state before where nothing has changed, so that nothing is drawn again. */
function merged(before: JournalState, found: number | Error): JournalState {
  if (found instanceof Error) return { ...before, error: found };
  const isSame = before.error === null && before.storedIndex === found;
  return isSame ? before : { storedIndex: found, error: null };
}

export const JournalContext = createContext<JournalState>({ storedIndex: null, error: null });

export const useJournal = (): JournalState => useContext(JournalContext);
