import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Log } from '../../../telemetry/log.ts';
import type { AlarmRules } from './alarm-message.ts';
import { type AlarmSettings, readAlarmSettings } from './settings.ts';
import { AlarmSettingsError } from './settings-error.ts';

const none: AlarmSettings = { rules: [], hooks: [], warnings: [] };

/** The alarm settings that are in use; read again on SIGHUP. */
export class CurrentAlarmSettings {
  readonly #file: string | null;
  readonly #log: Log;
  #settings = none;
  #rules: AlarmRules = new Map();

  private constructor(file: string | null, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /**
   * @param file null for no rules
   * @throws AlarmSettingsError where the file cannot be read or has faults
   */
  static async open(file: string | null, log: Log): Promise<CurrentAlarmSettings> {
    const current = new CurrentAlarmSettings(file, log);
    await current.#read();
    return current;
  }

  get settings(): AlarmSettings {
    return this.#settings;
  }

  get rules(): AlarmRules {
    return this.#rules;
  }

  /** Reads the file again: with faults it changes nothing, and is logged. Resolves with whether it was read. */
  async reload(): Promise<boolean> {
    try {
      await this.#read();
      return true;
    } catch (error) {
      if (!(error instanceof AlarmSettingsError)) throw error;
      this.#log.error({ faults: error.faults }, 'The alarm settings were not read again.');
      return false;
    }
  }

  async #read(): Promise<void> {
    if (this.#file === null) return;
    const text = await readFile(this.#file, 'utf8').catch((cause: Error) => {
      throw new AlarmSettingsError([`ALARM_SETTINGS_FILE cannot be read: ${cause.message}.`], {
        cause,
      });
    });
    this.#settings = readAlarmSettings(text, basename(this.#file));
    this.#rules = new Map(this.#settings.rules.map((rule) => [rule.name, rule]));
    for (const warning of this.#settings.warnings) {
      this.#log.warn({ warning }, 'A part of the alarm settings is left out.');
    }
  }
}
