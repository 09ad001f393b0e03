import fc from 'fast-check';
import {
  buildSchema,
  coerceInputValue,
  type GraphQLInputType,
  getOperationAST,
  parse,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { maxErrors } from '../../src/graphql/limits.ts';
import { faultsOf } from '../../src/graphql/variable-faults.ts';
import { createCoercion } from '../../src/graphql/variables.ts';

const schema = buildSchema(/* GraphQL */ `
  scalar JSON
  enum Color { RED GREEN }
  input Value @oneOf { text: String, int: Int }
  input Trait { name: String!, value: Value! }
  input Thing {
    id: ID
    color: Color = GREEN
    sizes: [Int!]
    grid: [[Float]]
    traits: [Trait!]
    any: [Thing!]
    count: Int! = 3
    json: JSON
  }
  type Query { things(of: [Thing!]!, limit: Int): Int }
`);
const coercion = createCoercion(schema);

function coercerOf(text: string) {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('there is no operation');
  return { ...coercion(document, operation), operation };
}

const { coerce, document, operation } = coercerOf(
  'query ($of: [Thing!]!, $limit: Int = 7) { things(of: $of, limit: $limit) }',
);
const [{ type }] = operation.variableDefinitions as unknown as [VariableDefinitionNode];

const inputType = typeFromAST(schema, type) as GraphQLInputType;

/** As graphql-js coerces it, and where it finds faults. */
function reference(value: unknown): { readonly coerced: unknown; readonly paths: string[][] } {
  const paths: string[][] = [];
  const coerced = coerceInputValue(value, inputType, (path) => paths.push(path.map(String)));
  return { coerced, paths };
}

const text = fc.constantFrom('RED', 'GREEN', 'BLUE', '', '1');
const scalar = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const maybeList = (item: fc.Arbitrary<unknown>) => fc.oneof(item, fc.array(item, { maxLength: 3 }));
const value = fc.record(
  { text: scalar, int: scalar, other: scalar },
  { requiredKeys: [], noNullPrototype: true },
);
const { thing } = fc.letrec((tie) => ({
  thing: fc.record(
    {
      id: scalar,
      color: scalar,
      sizes: maybeList(scalar),
      grid: maybeList(maybeList(scalar)),
      traits: maybeList(fc.record({ name: scalar, value }, { noNullPrototype: true })),
      any: maybeList(fc.option(tie('thing'), { maxDepth: 3 })),
      count: scalar,
      json: fc.jsonValue(),
      stray: scalar,
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
}));
const goodThing = fc.record(
  {
    id: fc.oneof(fc.string(), fc.integer()),
    color: fc.constantFrom('RED', 'GREEN', null),
    sizes: maybeList(fc.integer({ min: -5, max: 5 })),
    grid: maybeList(maybeList(fc.option(fc.integer()))),
    traits: maybeList(
      fc.record({ name: text, value: fc.record({ text }) }, { noNullPrototype: true }),
    ),
    count: fc.integer({ min: 0, max: 9 }),
    json: fc.jsonValue(),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe('the values of variables', () => {
  test('are those that graphql-js makes of them, or are rejected where graphql-js finds faults', () => {
    const outcomes = { accepted: 0, rejected: 0 };
    fc.assert(
      fc.property(maybeList(fc.oneof(thing, goodThing)), (of) => {
        const expected = reference(of);
        const coerced = coerce({ of });
        outcomes[coerced === null ? 'rejected' : 'accepted'] += 1;
        expect(faultsOf(of, inputType).map(({ path }) => path)).toEqual(
          expected.paths.slice(0, maxErrors),
        );
        if (coerced === null) expect(expected.paths).not.toEqual([]);
        else expect(coerced).toEqual({ of: expected.coerced, limit: 7 });
      }),
      { numRuns: 2000 },
    );
    expect(outcomes.accepted).toBeGreaterThan(100);
    expect(outcomes.rejected).toBeGreaterThan(100);
  });

  test('have their defaults only where nothing is given', () => {
    expect(coerce({ of: [{}] })).toEqual({ of: [{ color: 'GREEN', count: 3 }], limit: 7 });
    expect(coerce({ of: [{}], limit: null })).toMatchObject({ limit: null });
  });

  test('are rejected where one is missing or is nested too deeply', () => {
    expect(coerce({})).toBeNull();
    let deep: unknown = {};
    for (let level = 0; level < 100_000; level++) deep = { any: deep };
    expect(coerce({ of: deep })).toBeNull();
  });

  test('keep nothing that was not asked for, and no name of an object itself', () => {
    expect(coerce({ of: [], other: 1 })).toEqual({ of: [], limit: 7 });
    expect(coerce({ of: [JSON.parse('{"__proto__": {"id": "1"}}')] })).toBeNull();
    expect(coerce({ of: [{ constructor: 1 }] })).toBeNull();
  });

  test('are looked at until 20 faults are found, and no further', () => {
    let reads = 0;
    const counted = <Value extends object>(value: Value): Value =>
      new Proxy(value, {
        get(target, name) {
          reads += 1;
          return Reflect.get(target, name);
        },
      });
    const things = Array.from({ length: 900 }, () => counted({ color: 'BLUE', stray: 1 }));
    expect(coerce({ of: counted(things) })).toBeNull();
    expect(reads).toBeLessThan(20);
    expect(faultsOf(counted(things), inputType)).toHaveLength(maxErrors);
    expect(reads).toBeLessThan(200);
  });

  test('are of any JSON in the document that is executed', () => {
    const [definition] = document.definitions;
    expect(definition).toMatchObject({
      variableDefinitions: [
        { variable: { name: { value: 'of' } }, type: { name: { value: 'JSON' } } },
        { variable: { name: { value: 'limit' } }, type: { name: { value: 'JSON' } } },
      ],
    });
  });
});
