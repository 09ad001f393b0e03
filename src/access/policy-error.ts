import { FaultsError } from '../runtime/faults-error.ts';

/** Everything that is wrong with the file, a sentence each, with the line. */
export class PolicyError extends FaultsError {
  override readonly name = 'PolicyError';
}
