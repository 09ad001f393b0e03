import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parseRuleFile } from '../../src/alarms/rule-file.ts';
import { schema } from '../../src/gateway/schema.ts';
import { createInputCoercion } from '../../src/graphql/declared-input.ts';
import { ListFileError } from '../../src/http/yaml-list-file.ts';
import { bootGateway } from '../harness.ts';

const options = {
  file: 'alarms.yaml',
  coerce: createInputCoercion(schema, 'AlarmRuleInput'),
  maxFilterDepth: 8,
};

const faultsOf = (text: string): readonly string[] => {
  try {
    parseRuleFile(text, options);
  } catch (error) {
    if (error instanceof ListFileError) return error.faults;
    throw error;
  }
  return [];
};

const rule = (name: string, over: string) => `
  - name: ${name}
    condition:
      threshold: { op: GT, value: 1, over: ${over} }
`;

test('all faults of a file are said, each with its line', () => {
  const faults = faultsOf(`rules:${rule('a', '0s')}${rule('b', '5m')}${rule('b', '5m')}
  - name: c
    unknown: 1
    condition: { absentFor: 1h }
`);
  expect(faults).toHaveLength(3);
  expect(faults[0]).toMatch(/^alarms\.yaml:4: rules\.0\.condition\.threshold\.over: /);
  expect(faults[1]).toMatch(/^alarms\.yaml:10: rules\.2\.name: /);
  expect(faults[2]).toMatch(/^alarms\.yaml:1[3-6]: rules\.3.*unknown/);
  expect(faultsOf('rules: 7')).toEqual(['alarms.yaml:1: rules: must be a list.']);
  expect(faultsOf('other: []')).toEqual(['alarms.yaml:1: other is not known: only rules is.']);
  expect(faultsOf('rules: [')[0]).toMatch(/^alarms\.yaml:1: /);
});

test('the rules of a file are made, changed and deleted with it, and not by the API', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-alarms-'));
  const file = join(folder, 'alarms.yaml');
  await writeFile(file, `rules:${rule('first', '5m')}${rule('second', '5m')}`);
  await using gateway = await bootGateway({ environment: { TIDINGS_ALARMS_FILE: file } });
  const rules = async () =>
    (await gateway.gql('{ alarmRules { id name origin version } }')).alarmRules;
  await vi.waitFor(async () =>
    expect(await rules()).toMatchObject([
      { name: 'first', origin: 'FILE' },
      { name: 'second', origin: 'FILE' },
    ]),
  );
  const [{ id }] = await rules();
  const { errors } = await gateway.run('mutation ($id: ID!) { deleteAlarmRule(id: $id) }', { id });
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  await writeFile(file, `rules:${rule('first', '9m')}`);
  await gateway.gateway.reload();
  await vi.waitFor(async () => expect(await rules()).toMatchObject([{ id, version: 2 }]));
  await writeFile(file, 'rules: 7');
  await gateway.gateway.reload();
  expect(await rules()).toMatchObject([{ id, version: 2 }]);
  await rm(folder, { recursive: true });
});
