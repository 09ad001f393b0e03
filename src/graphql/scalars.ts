import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { GraphQLJSON, GraphQLSafeInt } from 'graphql-scalars';
import { formatInstant } from '../event/instant.ts';
import { integerOf } from '../event/json.ts';
import { builder } from './builder.ts';
import { shown } from './short-text.ts';

/** A JSON value in a document: an integer keeps all its digits, wherever in the value it is. */
function jsonIn(node: ValueNode, variables?: Readonly<Record<string, unknown>> | null): unknown {
  switch (node.kind) {
    case Kind.INT:
      return integerOf(node.value);
    case Kind.LIST:
      return node.values.map((item) => jsonIn(item, variables));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [name.value, jsonIn(value, variables)]),
      );
    default:
      return GraphQLJSON.parseLiteral(node, variables);
  }
}

const GraphQLLosslessJson = new GraphQLScalarType({
  ...GraphQLJSON.toConfig(),
  parseLiteral: jsonIn,
});

builder.addScalarType('JSON', GraphQLLosslessJson, {
  description:
    'Any JSON value. Integers beyond plus or minus 2^53 - 1 keep all their digits in the answer: ' +
    '18446744073709551615. A client that must not round them reads the answer with a JSON parser that keeps them.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
});

/** The library's own sentences repeat a whole list or object, as `[object Object]`. */
const GraphQLShownSafeInt = new GraphQLScalarType({
  ...GraphQLSafeInt.toConfig(),
  parseValue(value) {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw new TypeError(
      `SafeInt is an integer within plus or minus 2^53 - 1, not ${shown(value)}.`,
    );
  },
});

builder.addScalarType('SafeInt', GraphQLShownSafeInt, {
  description: 'An integer within plus or minus 2^53 - 1, sent as a JSON number: 1024.',
  specifiedByURL: 'https://262.ecma-international.org/#sec-number.max_safe_integer',
});

// The scalars of time take any string and are parsed where the argument's name is known, so that one event with
// a bad time is rejected alone instead of the whole mutation.

builder.scalarType('DateTime', {
  description: 'An RFC 3339 instant, UTC, at most microseconds: 2026-11-20T08:15:30.123Z.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: (value) => (typeof value === 'number' ? formatInstant(value) : value),
  parseValue: (value) => text(value, 'DateTime', 'an RFC 3339 text'),
});

builder.scalarType('TimeExpression', {
  description:
    'A point on the time line for filters: an RFC 3339 instant (missing parts allowed: 2026-11, 2026-11-20), ' +
    "epoch milliseconds as a number, or date math in Elasticsearch's form: now, now-15m, now-1d/d, " +
    '2026-11-01||+1M/d (units y M w d h H m s). `now() - 10m` is read as now-10m. gt and lte round up to the ' +
    'last instant of the rounded unit, gte and lt round down.',
  specifiedByURL:
    'https://www.elastic.co/guide/en/elasticsearch/reference/8.17/common-options.html#date-math',
  serialize: (value) => value,
  parseValue: (value) =>
    typeof value === 'number'
      ? value
      : text(value, 'TimeExpression', 'a string or epoch milliseconds'),
});

builder.scalarType('Duration', {
  description: 'A length of time: 500ms, 90s, 5m, 1h, 7d, or ISO 8601 (PT5M).',
  specifiedByURL: 'https://www.iso.org/iso-8601-date-and-time-format.html',
  serialize: (value) => value,
  parseValue: (value) => text(value, 'Duration', 'a string such as 90s or PT5M'),
});

function text(value: unknown, scalar: string, wanted: string): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`${scalar} is ${wanted}, not ${shown(value)}.`);
}
