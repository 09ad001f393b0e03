import { parseDuration } from '../../event/duration.ts';
import type { Event, Instant } from '../../event/event.ts';
import type { Filter, TraitTest } from '../../event/filter.ts';
import { InputError, quoted } from '../../event/input-error.ts';
import { isJsonObject } from '../../event/json.ts';
import { parseTimeExpression } from '../../event/time-expression.ts';
import { encodable, type PbjsonMessage } from './encode.ts';
import { actions, categories, components, rebuildStatuses } from './enums.ts';
import { camel } from './message.ts';

/**
 * What `kubectl mayastor get events` asks for, by the same names:
 *
 * | parameter | passes an event |
 * |---|---|
 * | category, action, component, rebuild-status | of one of these: a list with commas, or repeated; `rebuild-begin` or `RebuildBegin` |
 * | node | of this node, in upper or lower case |
 * | target, pool | whose target contains it |
 * | volume | of this volume, of a snapshot of it, or of a clone made from it |
 * | replica | of this replica, by its UUID or its name |
 * | state | whose previous or next state contains it, in upper or lower case |
 * | filter | whose message has this value at a path: `metadata.source.node=io-*`; repeated, all must hold |
 * | since | that happened since: `24h` ago, or an instant |
 * | limit | the newest, at most this number: 1,000 where it is absent, 0 for all |
 */
export interface EventsQuery {
  /** The conditions that the store tests; `passes` tests the others. */
  readonly filter: Filter;
  readonly passes: (event: Event, message: PbjsonMessage) => boolean;
  /** Infinity for all. */
  readonly limit: number;
}

type Test = EventsQuery['passes'];

const parameters = [
  'category',
  'action',
  'component',
  'rebuild-status',
  'node',
  'target',
  'pool',
  'volume',
  'replica',
  'state',
  'filter',
  'since',
  'limit',
] as const;
type Parameter = (typeof parameters)[number];

const defaultLimit = 1_000;
const maxConditions = 100;

/** @throws InputError with the parameter at fault */
export function parseQuery(given: URLSearchParams, now: Instant): EventsQuery {
  for (const name of given.keys()) {
    if (parameters.some((known) => known === name)) continue;
    throw new InputError(
      [name],
      `There is no parameter ${quoted(name)}: use ${parameters.join(', ')}.`,
    );
  }
  const all = [encodable, ...storeFilters(given, now)];
  const tests = testsOf(given);
  return {
    filter: { all },
    passes: (event, message) => tests.every((test) => test(event, message)),
    limit: limitOf(single(given, 'limit')),
  };
}

function storeFilters(given: URLSearchParams, now: Instant): Filter[] {
  const filters: Filter[] = [];
  const chosen = (name: Parameter, names: readonly string[], filter: (of: string[]) => Filter) => {
    const list = enumerated(given, name, names);
    if (list !== null) filters.push(filter(list));
  };
  chosen('category', categories, (list) => ({ categories: list }));
  chosen('action', actions, (list) => ({ actions: list }));
  chosen('component', components, (list) => ({
    any: list.map((component) => ({ source: { component } })),
  }));
  chosen('rebuild-status', rebuildStatuses, (list) => ({
    any: list.map((status) => ({ traits: [isStatus(status)] })),
  }));
  for (const name of ['volume', 'replica'] as const) {
    const key = single(given, name);
    if (key !== null) filters.push({ keys: [key] });
  }
  const since = single(given, 'since');
  if (since !== null) filters.push({ time: { from: sinceOf(since, now), to: null } });
  return filters;
}

const isStatus = (value: string): TraitTest => ({
  name: 'rebuild.rebuild_status',
  op: 'EQ',
  operand: { type: 'TEXT', value },
});

function testsOf(given: URLSearchParams): Test[] {
  const tests: Test[] = [];
  const tested = (name: Parameter, testOf: (wanted: string) => Test) => {
    const wanted = single(given, name);
    if (wanted !== null) tests.push(testOf(wanted));
  };
  tested(
    'node',
    (node) =>
      ({ source }) =>
        source.node?.toLowerCase() === node.toLowerCase(),
  );
  for (const name of ['target', 'pool'] as const) {
    tested(
      name,
      (part) =>
        (_, { target = '' }) =>
          target.includes(part),
    );
  }
  const ids =
    (...names: readonly string[]) =>
    (id: string): Test =>
    (event, { target }) =>
      target === id || names.some((name) => textOf(event, name) === id);
  tested('volume', ids('snapshot.volume_id', 'clone.source_uuid'));
  tested('replica', ids('replica.replica_name'));
  tested('state', (part) => (event) => {
    const states = ['state_change.previous', 'state_change.next'];
    return states.some((name) => textOf(event, name)?.toLowerCase().includes(part.toLowerCase()));
  });
  const conditions = given.getAll('filter');
  if (conditions.length > maxConditions) {
    throw new InputError(['filter'], `filter may be given at most ${maxConditions} times.`);
  }
  return [...tests, ...conditions.map(conditionOf)];
}

const textOf = ({ traits }: Event, wanted: string): string | null => {
  const trait = traits.find(({ name }) => name === wanted);
  return trait?.type === 'TEXT' ? trait.value : null;
};

/** The names of a list with commas between them, in Mayastor's own spelling; null where the parameter is absent. */
function enumerated(
  given: URLSearchParams,
  name: Parameter,
  names: readonly string[],
): string[] | null {
  if (!given.has(name)) return null;
  return given
    .getAll(name)
    .flatMap((list) => list.split(','))
    .map((text) => {
      const plain = (spelling: string) => spelling.replaceAll('-', '').toLowerCase();
      const known = names.find((each) => plain(each) === plain(text.trim()));
      if (known !== undefined) return known;
      throw new InputError(
        [name],
        `${name} must be one of ${names.map(kebab).join(', ')}, got ${quoted(text)}.`,
      );
    });
}

const kebab = (name: string): string =>
  name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();

/** Null where it is absent. */
function single(given: URLSearchParams, name: Parameter): string | null {
  const values = given.getAll(name);
  if (values.length > 1) throw new InputError([name], `${name} may be given once.`);
  return values[0] ?? null;
}

function sinceOf(text: string, now: Instant): Instant {
  const isLength = /^[\dP]/.test(text) && !/^\d{4}-/.test(text);
  return isLength
    ? now - parseDuration(text, ['since'])
    : parseTimeExpression(text, now, 'DOWN', ['since']);
}

function limitOf(text: string | null): number {
  if (text === null) return defaultLimit;
  if (/^\d{1,9}$/.test(text)) return Number(text) || Number.POSITIVE_INFINITY;
  throw new InputError(['limit'], `limit must be a whole number, 0 for all, got ${quoted(text)}.`);
}

/** `path=value`: names in camelCase or snake_case with dots between them; a `*` at an end of the value is any text. */
function conditionOf(condition: string): Test {
  const at = condition.indexOf('=');
  if (at < 1) {
    throw new InputError(
      ['filter'],
      `${quoted(condition)} is not path=value, such as metadata.source.node=io-engine-1.`,
    );
  }
  const path = condition.slice(0, at).split('.').map(camel);
  const isWanted = patternOf(condition.slice(at + 1));
  return (_, message) => {
    let found: unknown = message;
    for (const name of path)
      found = isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : null;
    if (found === null || found === undefined || typeof found === 'object') return false;
    return isWanted(String(found));
  };
}

function patternOf(pattern: string): (text: string) => boolean {
  const [start, end] = [pattern.startsWith('*'), pattern.length > 1 && pattern.endsWith('*')];
  const part = pattern.slice(start ? 1 : 0, end ? -1 : undefined);
  if (start && end) return (text) => text.includes(part);
  if (start) return (text) => text.endsWith(part);
  return end ? (text) => text.startsWith(part) : (text) => text === part;
}
