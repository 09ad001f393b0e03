/** Something that a file declares, under an id that is made of its owner and its name. */
interface Declaration {
  readonly id: string;
  /** Who reads the file. */
  readonly owner: string;
}

/** What files declare, each file's by the name of who reads it, until the database has the same. */
export class Declarations<Declared extends Declaration> {
  #declared: ReadonlyMap<string, Declared> = new Map();
  /** Owners whose declarations the database does not have yet. */
  readonly #unsettled = new Set<string>();

  get(id: string): Declared | undefined {
    return this.#declared.get(id);
  }

  /** From now on these are all declarations of an owner. */
  replace(owner: string, own: readonly Declared[]): void {
    const others = [...this.#declared.values()].filter((each) => each.owner !== owner);
    this.#declared = new Map([...others, ...own].map((each) => [each.id, each]));
    this.#unsettled.add(owner);
  }

  /** Makes the database what each owner declares; an owner for whom that fails is tried again the next time. */
  async settle(save: (owner: string, own: readonly Declared[]) => Promise<void>): Promise<void> {
    for (const owner of [...this.#unsettled]) {
      const declared = this.#declared;
      await save(
        owner,
        [...declared.values()].filter((each) => each.owner === owner),
      );
      if (declared === this.#declared) this.#unsettled.delete(owner);
    }
  }
}
