import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import { leafValue } from './leaf-value.ts';
import { defaultMaxListLength, maxErrors, maxInputDepth } from './limits.ts';
import { shown } from './short-text.ts';

/** One thing that is wrong with the value of a variable. */
export interface VariableFault {
  /** Inside the value: ['any', '1', 'severities', '0']. */
  readonly path: readonly string[];
  readonly value: unknown;
  readonly message: string;
}

/** A position inside a value, linked to the one around it: made for every field, and read only for faults. */
interface Position {
  readonly name: string | number;
  readonly within: Position | null;
  readonly depth: number;
}

/** Finds the first 20 faults of a value that was rejected, in time linear in the value. */
export function faultsOf(
  value: unknown,
  type: GraphQLInputType,
  maxListLength = defaultMaxListLength,
): readonly VariableFault[] {
  const search = new FaultSearch(maxListLength);
  search.look(value, type, null);
  return search.faults;
}

class FaultSearch {
  readonly faults: VariableFault[] = [];
  readonly #maxListLength: number;

  constructor(maxListLength: number) {
    this.#maxListLength = maxListLength;
  }

  get #done(): boolean {
    return this.faults.length === maxErrors;
  }

  look(value: unknown, type: GraphQLInputType, at: Position | null): void {
    if (this.#done) return;
    if (isNonNullType(type)) {
      if (value != null) this.look(value, type.ofType, at);
      else this.#add(at, value, `Expected non-nullable type "${type}" not to be null.`);
    } else if (value != null) this.#lookInside(value, type, at);
  }

  #lookInside(value: unknown, type: GraphQLInputType, at: Position | null): void {
    if (isLeafType(type)) this.#leaf(value, type, at);
    else if (typeof value === 'object' && (at?.depth ?? 0) >= maxInputDepth) {
      this.#add(at, value, `It is nested more than ${maxInputDepth} levels deep.`);
    } else if (isListType(type)) this.#list(value, type.ofType, at);
    else this.#object(value, type as GraphQLInputObjectType, at);
  }

  #leaf(value: unknown, type: GraphQLLeafType, at: Position | null): void {
    try {
      if (type.parseValue(leafValue(value, type)) !== undefined) return;
      this.#add(at, value, `Expected type "${type.name}".`);
    } catch (error) {
      this.#add(at, value, (error as Error).message);
    }
  }

  #list(value: unknown, itemType: GraphQLInputType, at: Position | null): void {
    if (!Array.isArray(value)) {
      this.look(value, itemType, at);
      return;
    }
    if (value.length > this.#maxListLength) {
      this.#add(at, value, `It may have at most ${this.#maxListLength} entries.`);
      return;
    }
    for (let position = 0; position < value.length && !this.#done; position++) {
      this.look(value[position], itemType, inside(at, position));
    }
  }

  #object(value: unknown, type: GraphQLInputObjectType, at: Position | null): void {
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.#add(at, value, `Expected type "${type.name}" to be an object.`);
      return;
    }
    const given = value as Readonly<Record<string, unknown>>;
    const fields = type.getFields();
    for (const { name, type: fieldType, defaultValue } of Object.values(fields)) {
      if (Object.hasOwn(given, name)) this.look(given[name], fieldType, inside(at, name));
      else if (defaultValue === undefined && isNonNullType(fieldType)) {
        this.#add(at, value, `Field "${name}" of required type "${fieldType}" was not provided.`);
      }
    }
    this.#unknownFields(given, type, at);
    if (type.isOneOf) this.#oneOf(given, type, at);
  }

  #unknownFields(
    given: Readonly<Record<string, unknown>>,
    type: GraphQLInputObjectType,
    at: Position | null,
  ): void {
    const fields = type.getFields();
    for (const name in given) {
      if (this.#done) return;
      if (Object.hasOwn(fields, name)) continue;
      this.#add(at, given, `Field ${shown(name)} is not defined by type "${type.name}".`);
    }
  }

  #oneOf(
    given: Readonly<Record<string, unknown>>,
    type: GraphQLInputObjectType,
    at: Position | null,
  ): void {
    const names = Object.keys(type.getFields()).filter((name) => Object.hasOwn(given, name));
    const [only = ''] = names;
    if (names.length !== 1) {
      this.#add(at, given, `Exactly one key must be specified for OneOf type "${type.name}".`);
    }
    if (given[only] === null) {
      this.#add(inside(at, only), null, `Field ${shown(only)} must be non-null.`);
    }
  }

  #add(at: Position | null, value: unknown, message: string): void {
    if (!this.#done) this.faults.push({ path: pathTo(at), value, message });
  }
}

const inside = (within: Position | null, name: string | number): Position => ({
  name,
  within,
  depth: (within?.depth ?? 0) + 1,
});

function pathTo(position: Position | null): readonly string[] {
  const names: string[] = [];
  for (let at = position; at !== null; at = at.within) names.push(String(at.name));
  return names.reverse();
}
