import { expect, test } from 'vitest';
import cases from '../../fixtures/skywalking-cases.json' with { type: 'json' };

/** Where the cases are tested: the other files of this folder. */
const tested: Readonly<Record<string, string>> = {
  e2e_event: 'clients',
  e2e_java_agent: 'clients',
  e2e_kubernetes_exporter: 'clients',
  ingest: 'grpc, http, json',
  merge_query_time: 'completion, which lists those that Tidings answers otherwise',
  merge_storage_time: 'completion, where Tidings answers otherwise',
  duration: 'duration',
  query: 'query',
  response_shape: 'query',
  ids: 'entity-id',
  horizon_ui_client: 'clients',
  booster_ui_client: 'clients',
};

/** Cases that are not about these interfaces, and why. */
const leftOut: Readonly<Record<string, string>> = {
  about: 'no case',
  swctl_parameters: 'how swctl reads its own command line',
  'duration.before_10_3': 'the window of versions that are no more',
  'ids.cases.5.relation': 'ids of relations occur in alarms alone',
  'horizon_ui_client.effective_timestamp': 'sorted by the user interface itself',
  'horizon_ui_client.sorted_DES': 'sorted by the user interface itself',
  'horizon_ui_client.gantt': 'drawn by the user interface itself',
  'booster_ui_client.render': 'drawn by the user interface itself',
  'booster_ui_client.has_next_page_when': 'counted by the user interface itself',
};

test('every group of cases is tested, or left out by name', () => {
  const named = [...Object.keys(tested), ...Object.keys(leftOut)];
  expect(named).toEqual(expect.arrayContaining(Object.keys(cases)));
});

test.each(Object.keys(leftOut))('%s is there to be left out', (path) => {
  const found = path.split('.').reduce<unknown>((at, name) => Object(at)[name], cases);
  expect(found).toBeDefined();
});
