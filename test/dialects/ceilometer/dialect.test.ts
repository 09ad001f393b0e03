import { afterAll, beforeAll, expect, test } from 'vitest';
import { bare, enveloped, notification, startGateway, type TestGateway } from './gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const uuid = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

async function post(body: unknown, init: RequestInit = {}) {
  const response = await fetch(`${gateway.url}/v1/notifications`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
  return { status: response.status, body: await response.json() };
}

test('one notification, in every form, is one and the same event', async () => {
  const said = notification(uuid(1));
  const first = await post(said);
  expect(first).toEqual({
    status: 200,
    body: { results: [{ status: 'ACCEPTED', id: uuid(1), index: expect.any(Number) }] },
  });
  const duplicate = { results: [{ ...first.body.results[0], status: 'DUPLICATE' }] };
  expect((await post(enveloped(said))).body).toEqual(duplicate);
  expect((await post(bare(said))).body).toEqual(duplicate);
  expect((await post({ ...said, priority: 'INFO' })).body).toEqual(duplicate);

  const event = (await gateway.events()).find(({ id }) => id === uuid(1));
  expect(event).toMatchObject({
    namespace: 'p1',
    category: 'compute',
    action: 'instance.create.end',
    key: 'i1',
    dialect: 'CEILOMETER',
    severity: 'NORMAL',
    source: { service: 'compute', node: 'host1' },
    message: 'compute.instance.create.end web-1',
  });
  expect(event?.traits).toContainEqual({ name: 'memory_mb', type: 'INT', value: 512 });
});

test('many: each is answered for itself, and the good ones are recorded', async () => {
  const many = [
    notification(uuid(2), { priority: 'ERROR' }),
    notification(uuid(3), { payload: { memory_mb: '2GB' } }),
    notification(uuid(4), { priority: 'audit' }),
    'nonsense',
    notification('not a UUID'),
    notification(uuid(5), { metadata: { message_id: uuid(5), timestamp: '2999-01-01' } }),
  ];
  const { status, body } = await post(many);
  expect(status).toBe(200);
  expect(body.results).toMatchObject([
    { status: 'ACCEPTED', id: uuid(2) },
    {
      status: 'REJECTED',
      errors: [{ message: 'It cannot be converted: trait memory_mb: "2GB" is no integer.' }],
    },
    { status: 'DROPPED', reason: expect.stringContaining('"audit"') },
    { status: 'REJECTED', errors: [{ code: 'INVALID' }] },
    { status: 'ACCEPTED' },
    { status: 'REJECTED', errors: [{ path: ['time'] }] },
  ]);
  const events = await gateway.events();
  expect(events.find(({ id }) => id === uuid(2))?.severity).toBe('ERROR');
  expect(events.find(({ filterKeys }) => filterKeys.includes('not a UUID'))).toBeDefined();
  expect(events.find(({ id }) => id === uuid(4))).toBeUndefined();
});

test('1.0 is not 1, though JSON.parse has it so', async () => {
  const json = JSON.stringify(notification(uuid(6))).replace('"web-1"', '1.0');
  await post(json);
  const event = (await gateway.events()).find(({ id }) => id === uuid(6));
  expect(event?.traits).toContainEqual({ name: 'display_name', type: 'TEXT', value: '1.0' });
});

test('none', async () => {
  expect(await post([])).toEqual({ status: 200, body: { results: [] } });
});

test.each([
  ['no JSON', 400, '{', {}],
  ['all rejected', 400, '[5]', {}],
  ['another method', 405, null, { method: 'GET', body: null }],
  ['another content', 415, '{}', { headers: { 'Content-Type': 'text/plain' } }],
  ['too long', 413, `"${'x'.repeat(2_000_000)}"`, {}],
  [
    'too many',
    400,
    JSON.stringify(Array.from({ length: 1001 }, (_, at) => notification(`${at}`))),
    {},
  ],
])('%s is answered %d %#', async (_what, status, body, init) => {
  const answer = await post(body ?? '', init);
  expect(answer.status).toBe(status);
  expect(answer.body).toHaveProperty(body === '[5]' ? 'results' : 'error');
});

test('while the journal is down nothing is taken, and everything may be sent again', async () => {
  gateway.journalDown = true;
  expect(await post(notification(uuid(7)))).toEqual({
    status: 503,
    body: { error: 'The journal is down.' },
  });
  gateway.journalDown = false;
  expect((await post(notification(uuid(7)))).status).toBe(200);
});

test.each([
  ['plain', '1'],
  ['with a float, which is read by another reader', '1.0'],
])(
  'a body nested deeper than 200 levels is rejected before anything reads it: %s',
  async (_, inner) => {
    const nested = (levels: number) => `${'['.repeat(levels)}${inner}${']'.repeat(levels)}`;
    for (const levels of [201, 100_000]) {
      expect(await post(nested(levels))).toEqual({
        status: 400,
        body: { error: 'The body is nested deeper than 200 levels.' },
      });
    }
    const { status, body } = await post({ ...notification(uuid(90)), payload: [1] });
    expect([status, body.results.length]).toEqual([200, 1]);
  },
);
