import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';
import { parseNetwork } from '../../src/environment/network.ts';
import { NetworkPolicy } from '../../src/sinks/network-policy.ts';

/** Names of a resolver that somebody else controls. */
const names: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['93.184.216.34'],
  'private.example': ['10.1.2.3'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'mapped.example': ['::ffff:169.254.169.254'],
};

const resolve = (
  name: string,
  _options: object,
  callback: (error: null, addresses: LookupAddress[]) => void,
): void =>
  callback(
    null,
    (names[name] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  );

const networkOf = (text: string) => {
  const network = parseNetwork(text);
  if (network === null) throw new Error(`${text} is not a network`);
  return network;
};
const closed = new NetworkPolicy([], resolve);

test.each([
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::10.0.0.1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  '2001:db8::1',
  '2002:a00:1::1',
])('%s is internal', (address) => {
  expect(closed.allows(address)).toBe(false);
});

test.each([
  '8.8.8.8',
  '93.184.216.34',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
])('%s is public', (address) => {
  expect(closed.allows(address)).toBe(true);
});

test('an operator allows networks, in every form of their addresses', () => {
  const policy = new NetworkPolicy([networkOf('10.0.0.0/8'), networkOf('fd00::/8')]);
  for (const address of ['10.9.9.9', '::ffff:10.9.9.9', 'fd12::1']) {
    expect(policy.allows(address)).toBe(true);
  }
  for (const address of ['192.168.0.1', 'fc00::1']) expect(policy.allows(address)).toBe(false);
});

test.each([
  ['public.example', true],
  ['private.example', false],
  ['mixed.example', false],
  ['mapped.example', false],
])('what %s resolves to is judged when a socket connects: %s', async (name, allowed) => {
  const error = await new Promise<Error | null>((resolve) => {
    closed.lookup(name, { all: true }, (failure) => resolve(failure));
  });
  expect(error === null).toBe(allowed);
  if (!allowed) expect(error?.message).toContain('TIDINGS_SINK_NETWORKS');
});

test.each(['10.0.0.0/33', '10.0.0/8', 'fd00::/129', 'example.org', '10.0.0.0/8/8', ''])(
  '%j is not a network',
  (text) => {
    expect(parseNetwork(text)).toBeNull();
  },
);

test.each([
  ['http://127.0.0.1', false],
  ['http://[::1]', false],
  ['http://0x7f000001', false],
  ['http://2130706433', false],
  ['http://[::ffff:127.0.0.1]', false],
  ['http://8.8.8.8', true],
])('a URL with the address %s: %s', (url, allowed) => {
  expect(closed.allowsHost(new URL(url).hostname)).toBe(allowed);
});
