/** All faults of an alarm settings file, each a line that names its line in the file, and the rule and key or hook. */
export class AlarmSettingsError extends Error {
  override readonly name = 'AlarmSettingsError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(faults.join('\n'), options);
    this.faults = faults;
  }
}
