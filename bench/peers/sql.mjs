// SQL behind a bare node:http server: no GraphQL. Runs what it is sent on one connection to the database and
// answers the rows as JSON: what being asked over HTTP costs if nothing else costs anything.
import { createServer } from 'node:http';
import pg from 'pg';

const [, , port, database] = process.argv;
const client = new pg.Client(database);
await client.connect();
createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.method !== 'POST') return response.end();
  const { text, values } = JSON.parse(Buffer.concat(chunks).toString());
  const { rows } = await client.query(text, values);
  const answer = Buffer.from(JSON.stringify(rows));
  return response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
    .end(answer);
}).listen(Number(port), '127.0.0.1');
