import type { DraftTime } from './draft.ts';
import type { TypedValue } from './event.ts';
import type { TraitOperator, TraitTest } from './filter.ts';
import { InputError } from './input-error.ts';
import { InstantError, parseInstant } from './instant.ts';
import { parseText } from './text.ts';

type Given<Value> = Value | null | undefined;

/** A typed value: exactly one of these. */
interface TraitValueInput {
  readonly text?: Given<string>;
  readonly int?: Given<number>;
  readonly float?: Given<number>;
  /** An RFC 3339 text, or already an Instant. */
  readonly dateTime?: Given<DraftTime>;
}

export interface TraitFilterInput {
  readonly name: string;
  /** EQ when absent. */
  readonly op?: Given<TraitOperator>;
  /** Absent with EXISTS alone. */
  readonly value?: Given<TraitValueInput>;
}

/** @throws InputError */
export function parseTraitTest(input: TraitFilterInput, path: readonly string[]): TraitTest {
  const name = parseText(input.name, [...path, 'name']);
  const op = input.op ?? 'EQ';
  const valuePath = [...path, 'value'];
  if (op === 'EXISTS') {
    if (input.value == null) return { name, op };
    throw new InputError(valuePath, 'EXISTS takes no value: leave it out, or compare with EQ.');
  }
  if (input.value == null) {
    throw new InputError(valuePath, `${op} needs a value to compare with; only EXISTS takes none.`);
  }
  const operand = parseOperand(input.value, valuePath);
  if (op !== 'PREFIX' && op !== 'CONTAINS') return { name, op, operand };
  if (operand.type === 'TEXT') return { name, op, operand };
  throw new InputError(
    [...path, 'op'],
    `${op} is for text: give the value as text, or compare otherwise.`,
  );
}

function parseOperand(value: TraitValueInput, path: readonly string[]): TypedValue {
  const { text, int, float, dateTime } = value;
  if ([text, int, float, dateTime].filter((given) => given != null).length !== 1) {
    throw new InputError(path, 'Give exactly one of text, int, float and dateTime.');
  }
  if (text != null) return { type: 'TEXT', value: parseText(text, [...path, 'text']) };
  if (dateTime != null) return { type: 'DATETIME', value: moment(dateTime, [...path, 'dateTime']) };
  if (int == null) return { type: 'FLOAT', value: finite(float as number, [...path, 'float']) };
  if (Number.isSafeInteger(int)) return { type: 'INT', value: int };
  throw new InputError([...path, 'int'], `${int} is not an integer within plus or minus 2^53 - 1.`);
}

function finite(value: number, path: readonly string[]): number {
  if (Number.isFinite(value)) return value;
  throw new InputError(path, `${value} is not a number that can be compared: give a finite one.`);
}

function moment(value: DraftTime, path: readonly string[]): number {
  if (typeof value === 'number') return value;
  try {
    return parseInstant(value);
  } catch (error) {
    throw error instanceof InstantError ? error.about(value, path) : error;
  }
}
