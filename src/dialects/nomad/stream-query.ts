import type { Filter, Topic } from '../../event/filter.ts';
import { storable } from '../../event/text.ts';
import { NomadError } from './nomad-error.ts';
import { nomadTraits } from './nomad-traits.ts';

/** A request for /v1/event/stream. */
export interface StreamQuery {
  /** Empty: all. */
  readonly topics: readonly Topic[];
  /** `*` for all. */
  readonly namespace: string;
  readonly filter: Filter;
  /** Events from here on, inclusive; 0 for all there are. */
  readonly index: number;
}

/**
 * Reads the parameters that matter to the stream; Nomad ignores the others too.
 * @param readsTraits whether the caller may read them: without, events that only a trait marks are left out
 * @throws NomadError
 */
export function readStreamQuery(parameters: URLSearchParams, readsTraits = true): StreamQuery {
  const index = parseIndex(parameters.get('index') ?? '');
  const topics = parseTopics(parameters.getAll('topic').map((topic) => checked('topic', topic)));
  const namespace = checked('namespace', parameters.get('namespace') || 'default');
  return { topics, namespace, index, filter: filterOf(topics, namespace, readsTraits) };
}

/** Nomad would find nothing by such a string; the database cannot even compare it. */
function checked(name: string, given: string): string {
  if (storable(given) === given) return given;
  throw new NomadError(400, `Invalid ${name}: it holds NUL or half of a surrogate pair`);
}

const outermost = 2n ** 63n;

/** Go's strconv.Atoi, with its errors. A negative index becomes a huge one, as it does in Nomad. */
export function parseIndex(text: string): number {
  if (text === '') return 0;
  if (!/^[+-]?\d+$/.test(text)) throw badIndex(text, 'invalid syntax');
  const index = BigInt(text.replace(/^\+/, ''));
  if (index >= outermost || index < -outermost) throw badIndex(text, 'value out of range');
  return index < 0n || index > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(index);
}

const badIndex = (text: string, fault: string): NomadError =>
  new NomadError(
    400,
    `Unable to parse index: strconv.Atoi: parsing ${JSON.stringify(text)}: ${fault}`,
  );

/** `Topic`, `Topic:key`, `*:key`, `*`. None at all asks for everything; an empty one for a topic without a name. */
export function parseTopics(given: readonly string[]): Topic[] {
  return given.map((text) => {
    const [category = '', key = '*', ...rest] = text.split(':');
    if (rest.length > 0) {
      throw new NomadError(
        400,
        `Invalid topic query: error parsing topics: Invalid key value pair for topic, topic: ${text}`,
      );
    }
    return { category: category === '*' ? null : category, key: key === '*' ? null : key };
  });
}

/**
 * The events that Nomad's filter lets pass, each once: `*` is always a wildcard, next to other keys too, where
 * Nomad takes it for an ordinary key.
 */
export function filterOf(topics: readonly Topic[], namespace: string, readsTraits = true): Filter {
  const alternatives = scopes(namespace)
    .flatMap((scope) => subjects(topics).map((subject) => both(scope, subject)))
    .filter(({ traits }) => readsTraits || traits === undefined);
  const [only, ...others] = alternatives;
  return only !== undefined && others.length === 0 ? only : { any: alternatives };
}

/** Events that belong to the whole cluster pass in every namespace; they are kept in the default one. */
function scopes(namespace: string): Filter[] {
  if (namespace === '*') return [{}];
  if (namespace === 'default') return [{ namespaces: [namespace] }];
  const operand = { type: 'TEXT', value: 'cluster' } as const;
  const clusterWide = { name: nomadTraits.scope, op: 'EQ', operand } as const;
  return [{ namespaces: [namespace] }, { traits: [clusterWide] }];
}

function subjects(topics: readonly Topic[]): Filter[] {
  const all = topics.some(({ category, key }) => category === null && key === null);
  if (topics.length === 0 || all) return [{}];
  // An empty key cannot be kept as a key: a trait remembers it.
  const [keyless, keyed] = [topics.filter(isKeyless), topics.filter((topic) => !isKeyless(topic))];
  const unnamed = keyless.map(({ category }) => ({
    topics: [{ category, key: null }],
    traits: [{ name: nomadTraits.empty, op: 'EXISTS' } as const],
  }));
  return keyed.length === 0 ? unnamed : [{ topics: keyed }, ...unnamed];
}

const isKeyless = ({ key }: Topic): boolean => key === '';

function both(a: Filter, b: Filter): Filter {
  const traits = [...(a.traits ?? []), ...(b.traits ?? [])];
  return { ...a, ...b, ...(traits.length > 0 && { traits }) };
}
