import type { Json } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import type { TimeRangeInput } from '../../event/time-expression.ts';
import { parseBody } from './body.ts';
import { DslObject } from './dsl-object.ts';
import { missingValue, unexpectedInDsl, VampError } from './vamp-error.ts';

const aggregatorTypes = ['min', 'max', 'average', 'sum', 'count'] as const;
export type AggregatorType = (typeof aggregatorTypes)[number];

interface Aggregator {
  readonly type: AggregatorType;
  /** Null: the value itself. */
  readonly field: string | null;
}

/** A query of a Vamp client. */
export interface VampQuery {
  /** An event must have all of them. */
  readonly tags: readonly string[];
  readonly type: string | null;
  readonly timestamp: TimeRangeInput | null;
  readonly aggregator: Aggregator | null;
}

/** Where false, a query needs no tags, a timestamp may be exact, and `tag[]` is a tag: Vamp rejects these. */
export interface Strictness {
  readonly strict: boolean;
}

/**
 * The query of a request: its body where there is one, else its parameters `tag` (each) and `type` (the
 * first). Some clients write `tag[]`, which Vamp overlooks.
 * @throws VampError with Vamp's own words
 */
export function readQuery(
  body: string,
  parameters: URLSearchParams,
  strictness: Strictness,
): VampQuery {
  if (body.trim() !== '') return readQueryBody(body, strictness);
  return {
    tags: [...parameters.getAll('tag'), ...(strictness.strict ? [] : parameters.getAll('tag[]'))],
    type: parameters.get('type'),
    timestamp: null,
    aggregator: null,
  };
}

export function readQueryBody(body: string, { strict }: Strictness): VampQuery {
  const source = new DslObject(parseBody(body));
  const tags = source.strings('tags');
  if (tags === null && strict) throw missingValue('tags');
  const query: VampQuery = {
    tags: tags ?? [],
    type: source.text('type'),
    timestamp: readRange(source, strict),
    aggregator: readAggregator(source),
  };
  validate(query);
  const leftover = source.leftover();
  if (leftover !== null) throw unexpectedInDsl(leftover);
  return query;
}

function readRange(source: DslObject, strict: boolean): TimeRangeInput | null {
  const exact = strict ? null : source.json('timestamp');
  if (typeof exact === 'string' || typeof exact === 'number') {
    return { gte: String(exact), lte: String(exact) };
  }
  const range = source.object('timestamp');
  if (range === null) return null;
  const bound = (name: string): string | null =>
    strict ? range.text(name) : expressionOf(range.json(name));
  return { lt: bound('lt'), lte: bound('lte'), gt: bound('gt'), gte: bound('gte') };
}

/** YAML reads a date as a date: its string is as good. */
function expressionOf(json: Json): string | null {
  if (json === null) return null;
  return typeof json === 'object' ? stringifyJson(json) : String(json);
}

function readAggregator(source: DslObject): Aggregator | null {
  const aggregator = source.object('aggregator');
  if (aggregator === null) return null;
  const name = aggregator.text('type')?.toLowerCase();
  if (name === undefined) throw missingValue('aggregator/type');
  const type = aggregatorTypes.find((candidate) => candidate === name);
  if (type === undefined) throw new VampError(`Unsupported aggregator: ${name}.`);
  return { type, field: aggregator.text('field') };
}

function validate({ timestamp }: VampQuery): void {
  const { lt, lte, gt, gte } = timestamp ?? {};
  if ((lt != null && lte != null) || (gt != null && gte != null)) {
    throw new VampError(
      "Event query time range is not valid, both 'lt' and 'lte' or 'gt' and 'gte' are not allowed.",
    );
  }
}
