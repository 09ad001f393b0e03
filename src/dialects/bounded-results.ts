import { stringifyJson } from '../event/json.ts';

/** Bytes of an answer that are there for what was not recorded. */
const maxBytes = 32 * 1024;

export interface BoundedResults<Result extends { readonly status: string }> {
  readonly results: readonly (Result | Pick<Result, 'status'>)[];
  /** Present where some results have their status alone. */
  readonly truncated?: true;
}

/**
 * The results of a batch, in order. Those of events that were not recorded are whole until 32 KiB of them are there;
 * the others then have their status alone, as no answer to a mistake may be large.
 */
export function boundedResults<Result extends { readonly status: string }>(
  results: readonly Result[],
  isRecorded: (result: Result) => boolean,
): BoundedResults<Result> {
  let left = maxBytes;
  let truncated = false;
  const told = results.map((result) => {
    if (isRecorded(result)) return result;
    left -= Buffer.byteLength(stringifyJson(result));
    if (left >= 0) return result;
    truncated = true;
    return { status: result.status };
  });
  return truncated ? { results: told, truncated } : { results: told };
}
