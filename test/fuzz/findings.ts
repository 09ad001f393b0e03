import type { Input } from './input.ts';
import { type Fault, type FaultKind, faultKinds } from './judge.ts';

export interface Finding extends Fault {
  readonly surface: string;
  /** The first input that showed it, or those that were under way then. */
  inputs: readonly number[];
  readonly excerpt: string;
  count: number;
}

/** The findings, each fault once. */
export class Findings {
  /** False while inputs are sent again. */
  isCounting = true;
  readonly #all = new Map<string, Finding>();

  add(fault: Fault, surface: string, inputs: readonly number[], excerpt: string): void {
    const name = JSON.stringify([
      fault.kind,
      fault.kind === 'error line' ? '' : surface,
      fault.sign,
    ]);
    const known = this.#all.get(name);
    if (known === undefined) {
      this.#all.set(name, { ...fault, surface, inputs, excerpt, count: 1 });
      return;
    }
    if (this.isCounting) known.count++;
    if (inputs.length > 0 && inputs.length < known.inputs.length) known.inputs = inputs;
  }

  get all(): readonly Finding[] {
    return [...this.#all.values()].sort(
      (one, other) => faultKinds.indexOf(one.kind) - faultKinds.indexOf(other.kind),
    );
  }

  /** How often each kind was found. */
  counts(): Map<FaultKind, number> {
    const counts = new Map<FaultKind, number>();
    for (const { kind, count } of this.#all.values()) {
      counts.set(kind, (counts.get(kind) ?? 0) + count);
    }
    return counts;
  }
}

/** An input for people: what can be printed of its beginning. */
export function shown(input: Input, length = 700): string {
  const text = input.bytes.toString('latin1');
  const rest = text.length > length ? ` … ${text.length} bytes` : '';
  return `${input.over === 'grpc' ? `${input.path} ` : ''}${printable(text.slice(0, length))}${rest}`;
}

/** With everything escaped that a terminal might take for more than a letter. */
export const printable = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^ -~]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`);
