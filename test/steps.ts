import { runInNewContext } from 'node:vm';
import { patienceMs } from './patience.ts';

/** An object that counts how often a property of it is read: the steps of the code that reads it. */
export function countReads<Value extends object>(
  value: Value,
): { readonly counted: Value; readonly reads: () => number } {
  let reads = 0;
  const counted = new Proxy(value, {
    get(target, property, receiver) {
      reads++;
      return Reflect.get(target, property, receiver);
    },
  });
  return { counted, reads: () => reads };
}

/**
 * Runs work that must end on any machine: minutes are allowed where an algorithm that backtracks takes years.
 * @throws Error where it has not ended by then
 */
export function endsSoon<Result>(run: () => Result): Result {
  return runInNewContext('run()', { run }, { timeout: patienceMs }) as Result;
}
