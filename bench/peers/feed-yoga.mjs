// graphql-yoga with graphql-ws, as their documentation puts them together.
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga, filter, pipe } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { eventOf, matches, typeDefs } from './feed.graphql.mjs';

const pubSub = createPubSub();
const schema = createSchema({
  typeDefs,
  resolvers: {
    Query: { ready: () => true },
    Mutation: {
      report: (_root, { events }) => {
        for (const event of events) pubSub.publish('event', eventOf(event));
        return events.length;
      },
    },
    Subscription: {
      events: {
        subscribe: (_root, args) =>
          pipe(
            pubSub.subscribe('event'),
            filter((event) => matches(args.filter, event)),
          ),
        resolve: (event) => event,
      },
    },
  },
});
const server = createServer(createYoga({ schema, logging: false }));
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(Number(process.argv[2]), '127.0.0.1');
