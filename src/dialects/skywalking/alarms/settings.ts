import { type Hook, readHooks } from './hook-settings.ts';
import { type AlarmSettingsRule, readRules } from './rule-settings.ts';
import { Section } from './section.ts';
import { AlarmSettingsError } from './settings-error.ts';

/** SkyWalking's alarm settings: rules, and the hooks that notify of their alarms. */
export interface AlarmSettings {
  readonly rules: readonly AlarmSettingsRule[];
  readonly hooks: readonly Hook[];
  /** Lines about what is odd and does not keep the file from being used. */
  readonly warnings: readonly string[];
}

/**
 * Reads an alarm-settings.yml of any version of SkyWalking.
 * @param file its name in faults and warnings
 * @throws AlarmSettingsError with all faults
 */
export function readAlarmSettings(text: string, file: string): AlarmSettings {
  const section = Section.ofFile(text, file);
  const hooks = readHooks(section);
  const rules = readRules(section, {
    ids: hooks.map(({ id }) => id),
    defaults: hooks.filter(({ isDefault }) => isDefault).map(({ id }) => id),
  });
  section.warnOfUnread();
  if (section.faults.length > 0) throw new AlarmSettingsError(section.faults);
  return { rules, hooks, warnings: section.warnings };
}
