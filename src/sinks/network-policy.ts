import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Network } from '../environment/network.ts';

/** Loopback, private, link-local, shared, documentation, multicast and reserved networks (RFC 6890 and its registries). */
const internalNetworks: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['::1', 128, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** The target is in a network that sinks must not reach. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';

  constructor(host: string) {
    super(
      `${host} is in a private or reserved network: allow the network with TIDINGS_SINK_NETWORKS.`,
    );
  }
}

/** All addresses of a name. */
type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Says which addresses sinks may connect to: public ones, and those that the operator allows. */
export class NetworkPolicy {
  readonly #internal = new BlockList();
  readonly #allowed = new BlockList();
  readonly #resolve: Resolve;

  /** @param resolve how names are resolved: by the system's resolver unless a test has its own */
  constructor(allowed: readonly Network[], resolve: Resolve = systemLookup) {
    this.#resolve = resolve;
    for (const [address, bits, family] of internalNetworks) {
      this.#internal.addSubnet(address, bits, family);
    }
    for (const { address, prefixBits } of allowed) {
      this.#allowed.addSubnet(address, prefixBits, familyOf(address));
    }
  }

  /** An address in an IPv6 form of an IPv4 address is judged by the address inside. */
  allows(address: string): boolean {
    const judged = embeddedIpv4(address) ?? address;
    const family = familyOf(judged);
    return this.#allowed.check(judged, family) || !this.#internal.check(judged, family);
  }

  /** A lookup for sockets, which fails with ForbiddenAddress where a name leads to an address that is not allowed. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const refused = addresses.find(({ address }) => !this.allows(address));
      if (refused !== undefined) return callback(new ForbiddenAddress(hostname), []);
      if (options.all === true) return callback(null, addresses);
      const [first] = addresses;
      return callback(null, first?.address ?? '', first?.family);
    });
  };

  /** Whether a host may be connected to, as far as its name says: an address is asked no lookup. */
  allowsHost(host: string): boolean {
    const address = host.replace(/^\[|\]$/g, '');
    return isIP(address) === 0 || this.allows(address);
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** IPv4-mapped (::ffff:0:0/96), IPv4-compatible (::/96) and NAT64 (64:ff9b::/96, RFC 6052; 64:ff9b:1::/48) addresses. */
function embeddedIpv4(address: string): string | null {
  if (isIP(address) !== 6) return null;
  const groups = expanded(address);
  const [a, b, c, d, e, f, high = 0, low = 0] = groups;
  const zeros = [a, b, c, d, e].every((group) => group === 0);
  const mapped = zeros && (f === 0xffff || (f === 0 && (high > 0 || low > 1)));
  const nat64 =
    a === 0x64 && b === 0xff9b && (c === 1 || [c, d, e, f].every((group) => group === 0));
  if (!mapped && !nat64) return null;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address. */
function expanded(address: string): readonly number[] {
  const plain = address
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes) => {
      const [w, x, y, z] = bytes.slice(0, 4).map(Number) as [number, number, number, number];
      return `${((w << 8) | x).toString(16)}:${((y << 8) | z).toString(16)}`;
    });
  const [head = '', tail] = plain.split('::');
  const groupsOf = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}
