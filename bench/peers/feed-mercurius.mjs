// mercurius with its own subscriptions, one topic, filtered by the subscriber.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { eventOf, matches, typeDefs } from './feed.graphql.mjs';

const { withFilter } = mercurius;
const app = Fastify();
app.register(mercurius, {
  schema: typeDefs,
  subscription: true,
  resolvers: {
    Query: { ready: () => true },
    Mutation: {
      report: async (_root, { events }, { pubsub }) => {
        for (const event of events)
          await pubsub.publish({ topic: 'event', payload: { events: eventOf(event) } });
        return events.length;
      },
    },
    Subscription: {
      events: {
        subscribe: withFilter(
          (_root, _args, { pubsub }) => pubsub.subscribe('event'),
          (payload, args) => matches(args.filter, payload.events),
        ),
      },
    },
  },
});
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
