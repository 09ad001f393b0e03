/** An answer of the query protocol, and its status. */
export interface Queried {
  readonly status: number;
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly path?: readonly string[] }[];
}

export interface QueriedEvent {
  readonly uuid: string;
  readonly source: Readonly<Record<string, string>>;
  readonly name: string;
  readonly type: string;
  readonly message: string;
  readonly parameters: readonly { readonly key: string; readonly value: string }[] | null;
  readonly startTime: number;
  readonly endTime: number;
  readonly layer: string;
}

/** The document of swctl. */
export const eventsDocument =
  'query ($condition: EventQueryCondition) { result: queryEvents(condition: $condition) { events { uuid source { service serviceInstance endpoint } name type message parameters { key value } startTime endTime layer } } }';

export async function post(url: string, query: string, variables: object = {}): Promise<Queried> {
  const response = await fetch(`${url}/skywalking/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

/** The data of an answer; the test fails where there are errors. */
export async function ask(
  url: string,
  query: string,
  variables: object = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { data, errors } = await post(url, query, variables);
  if (!data || errors) throw new Error(errors?.map(({ message }) => message).join('\n'));
  return data;
}

/** The events that meet a condition. */
export async function queryEvents(url: string, condition: object): Promise<QueriedEvent[]> {
  const { result } = await ask(url, eventsDocument, { condition });
  return (result as { events: QueriedEvent[] }).events;
}
