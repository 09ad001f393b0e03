// What every fan-out peer serves: the same event, the same filter, a mutation that publishes in order.
export const typeDefs = /* GraphQL */ `
  type Query { ready: Boolean! }
  type Mutation { report(events: [EventInput!]!): Int! }
  type Subscription { events(filter: EventFilter): Event! }
  type Event { id: ID! type: String! key: String message: String tags: [String!]! time: String! }
  input EventInput { type: String key: String message: String tags: [String!] }
  input EventFilter { tags: [String!] keys: [String!] types: [String!] }
`;

let made = 0;
export const eventOf = (input) => ({
  id: `0192f0c4-5d1e-7c3b-8a7d-${String(++made).padStart(12, '0')}`,
  type: 'event',
  key: null,
  message: null,
  time: new Date().toISOString(),
  ...input,
  tags: input.tags ?? [],
});

export const matches = (filter, event) =>
  (filter?.tags ?? []).every((tag) => event.tags.includes(tag)) &&
  (filter?.keys == null || filter.keys.includes(event.key)) &&
  (filter?.types == null || filter.types.includes(event.type));
