import type { Extent } from '../access/extent.ts';
import type { Scope } from '../access/scope.ts';
import type { RuleSummary } from './alarms.ts';

type Summaries = ReadonlyMap<string, RuleSummary>;
type Read = (ids: readonly string[], read: Extent) => Promise<Summaries>;

interface Waiting {
  readonly ids: Set<string>;
  readonly answer: Promise<Summaries>;
}

/** Asks for the summaries of all rules of one answer in one statement, for each kind of rights. */
export class SummaryLoader {
  readonly #read: Read;
  readonly #waiting = new Map<string, Waiting>();

  constructor(read: Read) {
    this.#read = read;
  }

  /** Of the alarms that somebody may read; undefined where there is none of the rule. */
  async of(
    ruleId: string,
    scope: Pick<Scope, 'read' | 'readKey'>,
  ): Promise<RuleSummary | undefined> {
    const waiting = this.#waiting.get(scope.readKey) ?? this.#begin(scope);
    waiting.ids.add(ruleId);
    return (await waiting.answer).get(ruleId);
  }

  #begin({ read, readKey }: Pick<Scope, 'read' | 'readKey'>): Waiting {
    const ids = new Set<string>();
    const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#waiting.delete(readKey);
      return this.#read([...ids], read);
    });
    const waiting = { ids, answer };
    this.#waiting.set(readKey, waiting);
    return waiting;
  }
}
