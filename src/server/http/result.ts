import type { ExecutionResult, GraphQLError } from 'graphql';
import { stringifyJson } from '../../event/json.ts';
import type { HttpAnswer } from '../../graphql/request-error.ts';
import { forClients } from './client-error.ts';

export type ResultType = 'application/json' | 'application/graphql-response+json';

/** A result as GraphQL over HTTP answers it. */
export interface ResultAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * With application/json whatever is well formed is a 200; with application/graphql-response+json a request
 * that was not executed is a 400.
 */
export function answerOf(result: ExecutionResult, type: ResultType): ResultAnswer {
  const contentType = { 'Content-Type': `${type}; charset=utf-8` };
  if (isExecuted(result) || !result.errors) {
    return { status: 200, headers: contentType, body: stringifyJson(forClients(result)) };
  }
  const faults = result.errors.map(httpOf);
  const decisive = faults.find(({ spec }) => !(spec && type === 'application/json'));
  return {
    status: decisive?.status ?? 200,
    headers: { ...decisive?.headers, ...contentType },
    body: JSON.stringify(forClients({ errors: result.errors })),
  };
}

/** A mutation that a limit of the caller ended has run, and has nothing to show for it. */
const isExecuted = ({ data, errors = [] }: ExecutionResult): boolean =>
  data !== undefined &&
  (data !== null || !errors.some(({ extensions }) => extensions.code === 'RATE_LIMITED'));

const httpOf = ({ extensions }: GraphQLError): HttpAnswer =>
  (extensions.http as HttpAnswer | undefined) ?? { status: 500 };
