import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CurrentAlarmSettings } from '../../../../src/dialects/skywalking/alarms/alarm-settings.ts';
import { createLog, type Log } from '../../../../src/telemetry/log.ts';
import { bootGateway } from '../../../harness.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-alarm-settings-'));
  file = join(folder, 'alarm-settings.yml');
});
afterAll(() => rm(folder, { recursive: true }));

const good = 'rules: { a_rule: { expression: sum(A) > 1 } }';
const broken = 'rules: { a_rule: { expression: sum(A) } }';

test('a file is read again; with faults it changes nothing', async () => {
  await writeFile(file, good);
  const log: Log = createLog('silent');
  const errors = vi.spyOn(log, 'error');
  const current = await CurrentAlarmSettings.open(file, log);
  await writeFile(file, broken);
  expect(await current.reload()).toBe(false);
  expect(errors).toHaveBeenCalledOnce();
  expect([...current.rules.keys()]).toEqual(['a_rule']);
  await writeFile(file, good.replace('a_rule', 'b_rule'));
  expect(await current.reload()).toBe(true);
  expect([...current.rules.keys()]).toEqual(['b_rule']);
});

test('a broken file keeps a gateway from starting, unless its SkyWalking interfaces are off', async () => {
  await writeFile(file, broken);
  const environment = { ALARM_SETTINGS_FILE: file };
  await expect(bootGateway({ environment })).rejects.toThrow(
    /alarm-settings\.yml:1: rule a_rule, expression: At character 1: /,
  );
  const off = { ...environment, TIDINGS_DIALECTS: 'none' };
  await using gateway = await bootGateway({ environment: off });
  expect((await fetch(`${gateway.origin}/readyz`)).status).toBe(200);
});

test('a file that is not there is named', async () => {
  const log = createLog('silent');
  await expect(CurrentAlarmSettings.open(join(folder, 'none.yml'), log)).rejects.toThrow(
    /^ALARM_SETTINGS_FILE cannot be read: ENOENT/,
  );
});
