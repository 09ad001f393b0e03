import type { Topic } from '../../event/filter.ts';
import type { NomadEvent } from './nomad-message.ts';
import { parseTopics } from './stream-query.ts';

/** Topics to follow: the parameters of the request, and a filter over the events that come. */
export interface AskedTopics {
  /** Empty: for everything. */
  readonly parameters: readonly string[];
  readonly wants: (event: NomadEvent) => boolean;
}

/**
 * Nomad takes `*` next to other keys for an ordinary key and then delivers next to nothing: so a topic is asked for by
 * its wildcard alone, and where `*:key` is next to the wildcard of a topic, everything is asked for.
 * @throws NomadError
 */
export function askedTopics(given: readonly string[]): AskedTopics {
  const topics = parseTopics(given);
  const whole = new Set(topics.filter(({ key }) => key === null).map(({ category }) => category));
  if (topics.length === 0 || whole.has(null)) return { parameters: [], wants: () => true };
  const keyed = topics.filter(({ category, key }) => key !== null && !whole.has(category));
  const everywhere = keyed.some(({ category }) => category === null);
  const parameters = [...whole].map((category) => `${category}:*`).concat(keyed.map(written));
  return {
    parameters: everywhere && whole.size > 0 ? [] : [...new Set(parameters)],
    wants: ({ topic, key, filterKeys }) =>
      whole.has(topic) ||
      keyed.some(
        (asked) =>
          (asked.category ?? topic) === topic &&
          (asked.key === key || filterKeys.includes(asked.key ?? '')),
      ),
  };
}

const written = ({ category, key }: Topic): string => `${category ?? '*'}:${key}`;
