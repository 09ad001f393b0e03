import { hostileNames, hostileText, hostileValue, Literal, write } from './hostile.ts';
import type { Random } from './random.ts';

type Edit = (value: unknown) => unknown;

/** A valid JSON value with one to three of its parts replaced, as text. */
export function mutatedJson(random: Random, value: unknown): string {
  let mutated = value;
  for (let edits = random.size(3); edits > 0; edits--) {
    const left = { nodes: random.below(nodesOf(mutated)) };
    mutated = edited(mutated, left, (node) => changed(random, node));
  }
  const text = write(mutated);
  return random.chance(0.08) ? mutatedText(random, text) : text;
}

function nodesOf(value: unknown): number {
  return 1 + membersOf(value).reduce((sum, [, member]) => sum + nodesOf(member), 0);
}

function membersOf(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || value instanceof Literal) return [];
  return Object.entries(value);
}

/** The value with its n-th node edited. */
function edited(value: unknown, left: { nodes: number }, edit: Edit): unknown {
  if (left.nodes-- === 0) return edit(value);
  const members = membersOf(value);
  if (members.length === 0) return value;
  const done = members.map(([name, member]) => [name, edited(member, left, edit)] as const);
  return Array.isArray(value) ? done.map(([, member]) => member) : Object.fromEntries(done);
}

function changed(random: Random, node: unknown): unknown {
  if (Array.isArray(node)) return changedList(random, node);
  const isObject = typeof node === 'object' && node !== null && !(node instanceof Literal);
  return isObject && random.chance(0.7) ? changedObject(random, node) : hostileValue(random);
}

function changedList(random: Random, list: readonly unknown[]): unknown {
  switch (random.below(4)) {
    case 0:
      return [...list, hostileValue(random)];
    case 1:
      return Array.from({ length: random.size(300) }, (_, n) => list[n % list.length] ?? null);
    case 2:
      return list.map(() => hostileValue(random));
    default:
      return hostileValue(random);
  }
}

function changedObject(random: Random, object: object): unknown {
  const entries = Object.entries(object);
  const at = random.below(entries.length);
  switch (random.below(4)) {
    case 0:
      entries.splice(at, 1);
      break;
    case 1:
      entries.push([random.pick(hostileNames), hostileValue(random)]);
      break;
    case 2:
      entries.push([`unknown${random.below(10)}`, hostileValue(random)]);
      break;
    default:
      entries[at] = [random.pick(hostileNames), entries[at]?.[1]];
  }
  return Object.fromEntries(entries);
}

/** A text with parts of it cut out, repeated or replaced. */
export function mutatedText(random: Random, text: string): string {
  const from = random.below(text.length + 1);
  const to = Math.min(text.length, from + random.size(40));
  const [before, part, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
  switch (random.below(6)) {
    case 0:
      return before + after;
    case 1:
      return before + part.repeat(random.size(100)) + after;
    case 2:
      return before;
    case 3:
      return before + hostileText(random) + after;
    case 4:
      return before + random.pick(['{', '}', '[', ']', '"', ':', ',', '\n', '\t', '&', '=']) + part;
    default:
      return before + hostileText(random) + part + after;
  }
}

/** Bytes with some of them changed, cut off or inserted. */
export function mutatedBytes(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([
        bytes.subarray(0, at),
        random.bytes(random.size(64)),
        bytes.subarray(at),
      ]);
    case 2:
      return random.bytes(random.size(512));
    default: {
      const changed = Buffer.from(bytes);
      for (let flips = random.size(8); flips > 0 && changed.length > 0; flips--) {
        changed[random.below(changed.length)] = random.below(256);
      }
      return changed;
    }
  }
}
