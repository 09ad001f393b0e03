import type { Json } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import { type Members, type Node, toJson } from './body.ts';
import { noNestedElement, unexpectedType } from './vamp-error.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** An object that a client sent. It records which members were read: Vamp rejects all others. */
export class DslObject {
  readonly #members: Members;
  readonly #read = new Set<string>();
  readonly #opened = new Map<string, DslObject>();

  constructor(members: Members) {
    this.#members = members;
  }

  /** A member as it was sent; null where it is missing or null. */
  node(name: string): Node {
    this.#read.add(name);
    return (Object.hasOwn(this.#members, name) ? this.#members[name] : null) ?? null;
  }

  json(name: string): Json {
    return toJson(this.node(name));
  }

  /** A member as a string: Vamp converts any other value as Java's toString does. */
  text(name: string): string | null {
    const node = this.node(name);
    return node === null ? null : javaText(node);
  }

  /** A list of strings; a single string counts as a list of one. Null where it is missing. @throws VampError */
  strings(name: string): string[] | null {
    const node = this.node(name);
    if (node === null) return null;
    const list: Node[] = Array.isArray(node) ? node : [node];
    if (!list.every((entry) => typeof entry === 'string')) throw unexpectedType(name);
    return list;
  }

  /** A member that is an object; null where it is missing. @throws VampError */
  object(name: string): DslObject | null {
    const node = this.node(name);
    if (node === null) return null;
    if (typeof node !== 'object' || Array.isArray(node) || node instanceof Date) {
      throw noNestedElement(name);
    }
    const object = new DslObject(node as Members);
    this.#opened.set(name, object);
    return object;
  }

  /** The members that were not read, in their order; null where all were. */
  leftover(): Record<string, Json> | null {
    const left = Object.entries(this.#members).flatMap(([name, node]): [string, Json][] => {
      if (!this.#read.has(name)) return [[name, toJson(node)]];
      const within = this.#opened.get(name)?.leftover() ?? null;
      return within === null ? [] : [[name, within]];
    });
    return left.length === 0 ? null : Object.fromEntries(left);
  }
}

function javaText(node: Node): string {
  if (node instanceof Date) return javaDate(node);
  if (Array.isArray(node)) return `List(${node.map(javaText).join(', ')})`;
  return typeof node === 'object' ? stringifyJson(toJson(node)) : String(node);
}

/** java.util.Date.toString in UTC: an unquoted YAML timestamp looks like this in Vamp's error. */
function javaDate(date: Date): string {
  const [day, time] = date.toISOString().split('T') as [string, string];
  const dayOfMonth = day.slice(-2);
  return `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${dayOfMonth} ${time.slice(0, 8)} UTC ${date.getUTCFullYear()}`;
}
