import { FaultsError } from '../../../runtime/faults-error.ts';

/** All faults of an alarm settings file, each a line that names its line in the file, and the rule and key or hook. */
export class AlarmSettingsError extends FaultsError {
  override readonly name = 'AlarmSettingsError';
}
