import { useState } from 'preact/hooks';
import { ask, type Variables } from './gateway-client.ts';

export interface Action {
  readonly error: Error | null;
  readonly isRunning: boolean;
  /** Runs a mutation, and then what its answer is for. The error stays until the next run. */
  run<Data>(query: string, variables: Variables, then?: (data: Data) => void): void;
}

export function useAction(): Action {
  const [state, setState] = useState<Omit<Action, 'run'>>({ error: null, isRunning: false });
  return {
    ...state,
    run<Data>(query: string, variables: Variables, then?: (data: Data) => void) {
      setState({ error: null, isRunning: true });
      ask<Data>(query, variables).then(
        (data) => {
          setState({ error: null, isRunning: false });
          then?.(data);
        },
        (error: Error) => setState({ error, isRunning: false }),
      );
    },
  };
}
