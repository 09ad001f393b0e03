import { hostileText, percentEncoded } from '../hostile.ts';
import { type HttpHeader, httpInput, type Input, type Surface } from '../input.ts';
import { mutatedJson, mutatedText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { withOddHeaders } from './headers.ts';

const takesAll: HttpHeader = ['Accept', '*/*'];
const json: HttpHeader = ['Content-Type', 'application/json'];
const yaml: HttpHeader = ['Content-Type', 'application/x-yaml'];

const report = {
  tags: ['deployments:sava', 'gateway', 'metrics:rate'],
  value: { response: { time: 50 } },
  timestamp: '2026-01-01T12:00:20Z',
  type: 'metrics',
};
const query = {
  tags: ['deployments:sava'],
  type: 'metrics',
  timestamp: { gte: 'now() - 10m', lt: 'now' },
  aggregator: { type: 'average', field: 'metrics.response.time' },
};
const yamlReport =
  'tags:\n  - &one deployments:sava\n  - *one\ntype: metrics\nvalue:\n  response:\n    time: 50\n';

export const vampSurfaces: readonly Surface[] = [
  { name: 'Vamp by JSON', weight: 9, make: (random) => posted(random, json, jsonBody(random)) },
  { name: 'Vamp by YAML', weight: 6, make: (random) => posted(random, yaml, hostileYaml(random)) },
  { name: 'Vamp questions', weight: 6, make: asked },
  {
    name: "Vamp's stream",
    weight: 5,
    make: (random) =>
      httpInput({
        method: 'GET',
        target: `${namespace(random)}/api/v1/events/stream?${parameters(random)}`,
        headers: withOddHeaders(random, [takesAll]),
        ...(random.chance(0.2) ? { body: mutatedJson(random, query) } : {}),
      }),
  },
];

function posted(random: Random, type: HttpHeader, body: string): Input {
  return httpInput({
    method: random.pick(['POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE']),
    target: `${namespace(random)}/api/v1/events`,
    headers: withOddHeaders(random, [takesAll, type]),
    body,
  });
}

function asked(random: Random): Input {
  const path = random.pick([
    'events',
    'events',
    'health/gateways/sava',
    'metrics/deployments/sava/clusters/web',
    `metrics/${percentEncoded(hostileText(random).slice(0, 500))}/rate`,
    'stats',
    `${hostileText(random).slice(0, 200)}`,
  ]);
  return httpInput({
    method: random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST']),
    target: `${namespace(random)}/api/v1/${path}?${parameters(random)}`,
    headers: withOddHeaders(random, [takesAll]),
    ...(random.chance(0.4) ? { body: mutatedJson(random, query) } : {}),
  });
}

const jsonBody = (random: Random): string =>
  mutatedJson(random, random.chance(0.7) ? report : query);

const namespace = (random: Random): string =>
  random.chance(0.2)
    ? `/${random.pick(['*', '%00', '%zz', 'a%2Fb', '..', '%ED%A0%80', '__proto__', 'ns'])}`
    : '';

function parameters(random: Random): string {
  const name = (): string =>
    random.pick([
      'tag',
      'tag',
      'tag[]',
      'type',
      'page',
      'per_page',
      'after',
      'timestamp',
      'constructor',
    ]);
  const value = (): string =>
    random.chance(0.5)
      ? random.pick([
          '%00',
          '%ED%A0%80',
          '%',
          '-1',
          '0',
          '1e9',
          '99999999999999999999',
          'a&tag',
          '%0d%0a',
        ])
      : percentEncoded(hostileText(random).slice(0, 1_000));
  return Array.from({ length: random.below(4) }, () => `${name()}=${value()}`).join('&');
}

/** YAML that is odd, deep, long, or full of anchors; now and then a valid report with something replaced. */
export function hostileYaml(random: Random): string {
  const count = random.size(random.chance(0.05) ? 20_000 : 500);
  const lines = (one: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => one(n)).join('\n');
  return random.pick([
    () => mutatedText(random, yamlReport),
    () => mutatedText(random, mutatedText(random, yamlReport)),
    () => `tags: [a]\nvalue: ${'['.repeat(count)}${']'.repeat(count)}\n`,
    () => `tags: [a]\nvalue:\n${lines((n) => `${' '.repeat(Math.min(n, 200))}a:`)}`,
    () => `value:\n${lines((n) => `  - &a${n} x`)}\n${lines((n) => `  - *a${n}`)}\ntags: [a]`,
    () => `a: &a [x, x]\n${lines((n) => `b${n}: &b${n} [*${n === 0 ? 'a' : `b${n - 1}`}, *a]`)}`,
    () => `tags: [a]\nvalue: &a\n  b: *a\n`,
    () => `tags: [a]\nvalue:\n  <<: [${'*x, '.repeat(count)}]\n`,
    () => lines((n) => `key${n}: value`),
    () => lines(() => '- a'),
    () => `tags: !!js/function 'a'\nvalue: !!binary aGk=\n`,
    () => `tags: !!set {a, b}\nvalue: !<tag:yaml.org,2002:float> .nan\n`,
    () => `%YAML 1.3\n%TAG ! tag:a,2000:\n---\ntags: [a]\n...\n---\ntags: [b]\n`,
    () =>
      `tags: [a]\nvalue: ${JSON.stringify(hostileText(random))}\ntimestamp: ${hostileText(random)}`,
    () => `__proto__: {tags: [a]}\nconstructor: {prototype: {a: 1}}\ntags: [a]\n`,
    () => `? {a: b}\n: c\n? [d]\n: e\ntags: [a]`,
    () => `tags: [a]\nvalue: ${'9'.repeat(count)}\ntimestamp: 2026-13-45`,
    () => `tags: [a]\nvalue: 0b1_0, 0o8, 190:20:30, 1e${count}, .inf, ~\n`,
    () => `tags: |+9\n  a\nvalue: >-\n\tb`,
  ])();
}
