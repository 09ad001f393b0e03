import { isIP } from 'node:net';

/** A network in CIDR notation, or a single address. */
export interface Network {
  readonly address: string;
  readonly prefixBits: number;
}

/** Null where the string is not an address with or without a prefix length. */
export function parseNetwork(text: string): Network | null {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const prefixBits = bits === undefined ? most : Number(bits);
  const valid =
    family !== 0 &&
    rest.length === 0 &&
    (bits === undefined || /^\d{1,3}$/.test(bits)) &&
    prefixBits <= most;
  return valid ? { address, prefixBits } : null;
}
