import { hostileText } from '../hostile.ts';
import type { HttpHeader } from '../input.ts';
import type { Random } from '../random.ts';

const odd: readonly HttpHeader[] = [
  ['Accept', 'constructor'],
  ['Accept', '__proto__, */*;q=0'],
  ['Accept', 'text/event-stream;q=0.1, application/json'],
  ['Accept', ','.repeat(2_000)],
  ['Accept', 'text/html'],
  ['Content-Type', 'application/json; charset=utf-16'],
  ['Content-Type', 'application/graphql'],
  ['Content-Type', 'multipart/form-data; boundary=x'],
  ['Content-Type', 'application/x-www-form-urlencoded'],
  ['Content-Type', 'text/plain'],
  ['Content-Type', ''],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'constructor'],
  ['Host', '['],
  ['Host', 'x:99999'],
  ['Host', 'a b'],
  ['Host', ''],
  ['Host', 'user@127.0.0.1'],
  ['Origin', 'null'],
  ['Origin', '['],
  ['Origin', 'http://example.test'],
  ['Origin', 'http://127.0.0.1'],
  ['Last-Event-ID', '-1'],
  ['Last-Event-ID', '99999999999999999999'],
  ['Last-Event-ID', '1e3'],
  ['X-GraphQL-Event-Stream-Token', 'a'],
  ['Expect', '100-continue'],
  ['Expect', 'anything'],
  ['Range', 'bytes=5-1'],
  ['If-None-Match', '"a", W/"b"'],
  ['Access-Control-Request-Method', 'POST'],
  ['Upgrade', 'h2c'],
  ['Traceparent', '00-zz-zz-01'],
  ['Cookie', 'a=b; __proto__=c'],
  ['Authorization', 'Bearer a.b.c'],
  ['X-Forwarded-Host', '['],
];

/** Headers of a request, now and then with odd ones among them or replacing them. */
export function withOddHeaders(random: Random, headers: readonly HttpHeader[]): HttpHeader[] {
  if (!random.chance(0.2)) return [...headers];
  const added = random.chance(0.3)
    ? ([random.pick(odd)[0], hostileText(random).slice(0, 4_000)] as const)
    : random.pick(odd);
  const name = added[0].toLowerCase();
  const kept = random.chance(0.8)
    ? headers.filter(([other]) => other.toLowerCase() !== name)
    : headers;
  return [...kept, added];
}
