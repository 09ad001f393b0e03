/** A valid GraphQL operation. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const filter = {
  namespaces: ['default'],
  types: ['Fuzz.*', '!Fuzz.Quiet'],
  topics: ['Volume:web', '*'],
  keys: ['web'],
  tags: ['pool:a'],
  anyTags: ['pool', 'b'],
  severities: ['NORMAL'],
  source: { service: 'web', node: 'n1', plane: 'DATA_PLANE' },
  time: { gte: 'now-1d/d', lt: '2027-01-01T00:00:00Z' },
  traits: [
    { name: 'size', op: 'GTE', value: { int: 5 } },
    { name: 'name', op: 'CONTAINS', value: { text: 'we' } },
    { name: 'at', op: 'LT', value: { dateTime: '2026-01-01T00:00:00Z' } },
  ],
  dialects: ['TIDINGS', 'VAMP'],
  all: [{ keys: ['web'] }],
  any: [{ categories: ['Fuzz'] }, { not: { actions: ['Start'] } }],
  not: { ids: ['01890a5d-ac96-774b-bcce-b302099a8057'] },
};

const event = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  namespace: 'default',
  type: 'Fuzz.Start',
  severity: 'NORMAL',
  source: { service: 'web', instance: 'w-1', endpoint: '/a', node: 'n1', layer: 'GENERAL' },
  key: 'web',
  filterKeys: ['w-1'],
  message: 'web started',
  tags: ['pool:a', 'b'],
  traits: [
    { name: 'size', value: { int: 5 } },
    { name: 'name', value: { text: 'web' } },
    { name: 'share', value: { float: 0.5 } },
    { name: 'at', value: { dateTime: '2025-01-01T00:00:00Z' } },
  ],
  value: { a: { b: [1, 2.5, 'c', null] } },
  time: '2026-01-01T00:00:00Z',
  endTime: '2026-01-01T00:00:05Z',
  raw: { a: 1 },
};

export const queries: readonly Operation[] = [
  {
    query: `query List($filter: EventFilter, $first: Int, $after: String, $min: SafeInt, $order: EventOrder! = TIME_DESC) {
      events(filter: $filter, first: $first, after: $after, orderBy: $order, minIndex: $min) {
        totalCount edges { cursor node { ...Whole } } pageInfo { endCursor hasNextPage }
      }
    }
    fragment Whole on Event { id index type time endTime message tags value raw source { service plane } traits(names: ["size", "at"]) { name value } trait(name: "name") { text } }`,
    variables: { filter, first: 2, after: null, min: 0, order: 'INDEX_ASC' },
  },
  {
    query: `query Figures($filter: EventFilter, $measure: Measure, $by: [GroupBy!], $zone: String!, $ranks: [Float!]) {
      aggregateEvents(filter: $filter, measure: $measure, groupBy: $by, interval: "1d", timeZone: $zone, percentiles: $ranks, first: 5) {
        truncated rows { bucket count measured average minimum: min sum percentiles { rank value } group { name value } }
      }
    }`,
    variables: {
      filter: { types: ['Fuzz.*'], time: { gte: 'now-30d', lte: 'now' } },
      measure: { value: 'a.b' },
      by: [{ field: 'TYPE' }, { tagGroup: 'pool' }, { trait: 'size' }],
      zone: 'Europe/Berlin',
      ranks: [0.5, 0.99],
    },
  },
  {
    query: `query Catalogue($names: [String!], $types: [String!], $prefix: String, $filter: EventFilter) {
      categories(names: $names) { name actions { name plane } }
      traitDescriptors(types: $types) { name type }
      tags(prefix: $prefix, filter: $filter, first: 3) { nodes { tag count } truncated }
      journal { kind firstIndex lastIndex storedIndex }
    }`,
    variables: { names: ['Fuzz'], types: ['Fuzz.Start'], prefix: 'po', filter: { tags: ['b'] } },
  },
  {
    query: 'query One($id: ID!) { event(id: $id) { id index __typename value raw } }',
    variables: { id: '01890a5d-ac96-774b-bcce-b302099a8057' },
  },
  {
    query:
      '{ events(filter: { types: ["Fuzz.*"], source: { service: "web" }, traits: [{ name: "size", op: GT, value: { int: 1 } }], time: { gte: "now-1h" } }, last: 2) { nodes { id } } tags(prefix: "a") { nodes { tag } } }',
    variables: {},
  },
  {
    query: '{ __schema { queryType { name } types { name fields { name args { name } } } } }',
    variables: {},
  },
];

export const mutations: readonly Operation[] = [
  {
    query: `mutation Report($events: [EventInput!]!) {
      reportEvents(events: $events, wait: ACCEPTED) {
        accepted results { __typename ... on ReportedEvent { id index } ... on RejectedEvent { position errors { path code message } } }
      }
    }`,
    variables: { events: [event, { type: 'Fuzz.Quiet' }, {}] },
  },
  {
    query:
      'mutation One($event: EventInput!) { reportEvent(event: $event, wait: STORED) { __typename } }',
    variables: { event },
  },
  {
    query: `mutation Notify($list: [JSON!]!) {
      reportNotifications(notifications: $list, wait: ACCEPTED) { accepted dropped rejected results { __typename } }
    }`,
    variables: {
      list: [
        {
          event_type: 'compute.instance.update',
          publisher_id: 'compute.host1',
          priority: 'info',
          payload: { instance_id: 'a', state: 'active' },
          metadata: { message_id: 'b', timestamp: '2026-01-01 00:00:00.5' },
        },
      ],
    },
  },
];

export const subscriptions: readonly Operation[] = [
  {
    query:
      'subscription Follow($filter: EventFilter, $after: SafeInt) { events(filter: $filter, afterIndex: $after) { id index type value } }',
    variables: { filter, after: 1 },
  },
  {
    query: `subscription Batches($filter: EventFilter, $size: Int!, $wait: Duration!) {
      eventBatches(filter: $filter, afterIndex: 0, maxSize: $size, maxWait: $wait) { events { id tags } }
    }`,
    variables: { filter: { types: ['Fuzz.*'] }, size: 5, wait: '10ms' },
  },
];
