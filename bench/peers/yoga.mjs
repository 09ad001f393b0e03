// graphql-yoga with a mutation that only remembers how often it was called.
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';

let reported = 0;
const schema = createSchema({
  typeDefs: `
    type Query { reported: Int! }
    type Mutation { report(event: EventInput!): Reported! }
    type Reported { id: ID! index: Int! status: String! }
    input EventInput { type: String message: String tags: [String!] key: String }
  `,
  resolvers: {
    Query: { reported: () => reported },
    Mutation: { report: () => ({ id: 'a', index: ++reported, status: 'STORED' }) },
  },
});
createServer(createYoga({ schema, logging: false })).listen(Number(process.argv[2]), '127.0.0.1');
