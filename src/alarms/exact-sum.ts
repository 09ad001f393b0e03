/**
 * The sum of numbers that come and go, without rounding in between: it is the same in whatever order they came, and
 * 0 once all have gone. Kept as parts that do not overlap (J. R. Shewchuk, 1997).
 */
export class ExactSum {
  #parts: number[] = [];

  add(number: number): void {
    let rest = number;
    const parts: number[] = [];
    for (const part of this.#parts) {
      const [large, small] = Math.abs(rest) < Math.abs(part) ? [part, rest] : [rest, part];
      const sum = large + small;
      const error = small - (sum - large);
      if (error !== 0) parts.push(error);
      rest = sum;
    }
    if (rest !== 0) parts.push(rest);
    this.#parts = parts;
  }

  remove(number: number): void {
    this.add(-number);
  }

  /** The nearest number; not finite where a sum on the way was too large. */
  get value(): number {
    const parts = this.#parts;
    let at = parts.length - 1;
    let sum = parts[at] ?? 0;
    let error = 0;
    while (at > 0 && error === 0) {
      at -= 1;
      const part = parts[at] as number;
      const before = sum;
      sum = before + part;
      error = part - (sum - before);
    }
    // Half-way cases are rounded by the sign of what is left.
    const below = parts[at - 1] ?? 0;
    if (at > 0 && Math.sign(error) === Math.sign(below)) {
      const doubled = error * 2;
      const rounded = sum + doubled;
      if (doubled === rounded - sum) return rounded;
    }
    return sum;
  }
}
