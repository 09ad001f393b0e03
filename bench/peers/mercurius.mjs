// mercurius on fastify with the same trivial mutation as yoga.mjs.
import Fastify from 'fastify';
import mercurius from 'mercurius';

let reported = 0;
const app = Fastify();
app.register(mercurius, {
  schema: `
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
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
