// @apollo/server beside graphql-ws, with graphql-yoga's pub/sub in the place of an application's own.
import { createServer } from 'node:http';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, filter, pipe } from 'graphql-yoga';
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
const apollo = new ApolloServer({ schema });
await apollo.start();
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: request.method,
      headers,
      search: '',
      body: chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString()),
    },
    context: async () => ({}),
  });
  const text = answer.body.kind === 'complete' ? answer.body.string : '';
  response.writeHead(answer.status ?? 200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
});
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(Number(process.argv[2]), '127.0.0.1');
