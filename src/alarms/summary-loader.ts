import type { RuleSummary } from './alarms.ts';

type Summaries = ReadonlyMap<string, RuleSummary>;

/** Asks for the summaries of all rules of one answer in one statement. */
export class SummaryLoader {
  readonly #read: (ids: readonly string[]) => Promise<Summaries>;
  #waiting: { readonly ids: Set<string>; readonly answer: Promise<Summaries> } | null = null;

  constructor(read: (ids: readonly string[]) => Promise<Summaries>) {
    this.#read = read;
  }

  /** Undefined where no alarm of the rule is known. */
  async of(ruleId: string): Promise<RuleSummary | undefined> {
    this.#waiting ??= this.#begin();
    this.#waiting.ids.add(ruleId);
    return (await this.#waiting.answer).get(ruleId);
  }

  #begin() {
    const ids = new Set<string>();
    const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#waiting = null;
      return this.#read([...ids]);
    });
    return { ids, answer };
  }
}
