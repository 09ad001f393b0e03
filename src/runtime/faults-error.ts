/** Everything that is wrong with an input of the operator's, a sentence each: all of it is said at once. */
export abstract class FaultsError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(faults.join('\n'), options);
    this.faults = faults;
  }
}
