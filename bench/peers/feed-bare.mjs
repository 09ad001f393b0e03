// Bare ws: no GraphQL. The text of an event is made once and sent to the sockets that asked for it, found by
// looking up what they asked for: what the library could do if nothing else cost anything.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { eventOf } from './feed.graphql.mjs';

/** What a subscriber asked for -> its sockets. */
const followers = new Map();
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.method === 'POST') {
    const { variables } = JSON.parse(Buffer.concat(chunks).toString());
    for (const input of variables.events) publish(eventOf(input));
  }
  const text = '{"data":{"report":1}}';
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': text.length })
    .end(text);
});

function publish(event) {
  const text = Buffer.from(
    JSON.stringify({ id: '1', type: 'next', payload: { data: { events: event } } }),
  );
  for (const asked of [
    `key ${event.key}`,
    `type ${event.type}`,
    ...event.tags.map((tag) => `tag ${tag}`),
  ])
    for (const socket of followers.get(asked) ?? []) socket.send(text, { binary: false });
}

new WebSocketServer({ server, path: '/graphql', handleProtocols: () => 'graphql-transport-ws' }).on(
  'connection',
  (socket) =>
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'connection_init') return socket.send('{"type":"connection_ack"}');
      if (message.type !== 'subscribe') return undefined;
      const { keys, tags, types } = message.payload.variables.filter ?? {};
      const asked = keys ? `key ${keys[0]}` : tags ? `tag ${tags[0]}` : `type ${types[0]}`;
      if (!followers.has(asked)) followers.set(asked, new Set());
      followers.get(asked).add(socket);
      return undefined;
    }),
);
server.listen(Number(process.argv[2]), '127.0.0.1');
