import { ask, type Reply } from '../http-client.ts';

export const json = { Accept: 'application/json', 'Content-Type': 'application/json' };
export const yaml = { Accept: 'application/json', 'Content-Type': 'application/x-yaml' };

/** An event as Vamp answers it. */
export interface VampAnswer {
  readonly id: string;
  readonly version?: string;
  readonly tags: readonly string[];
  readonly value?: unknown;
  readonly timestamp: string;
  readonly type: string;
}

/** Reports an event, which must be taken. */
export async function report(api: string, event: object): Promise<VampAnswer> {
  const { status, body } = await ask(`${api}/events`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify(event),
  });
  if (status !== 201) throw new Error(`${status} ${body}`);
  return JSON.parse(body);
}

/** Asks with a query in the body, as Vamp's own documentation does. */
export const query = (api: string, body: object | string, parameters = ''): Promise<Reply> =>
  ask(`${api}/events${parameters}`, {
    headers: json,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** A query that must find a list. */
export async function found(api: string, body: object, parameters = ''): Promise<VampAnswer[]> {
  const reply = await query(api, body, parameters);
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.body}`);
  return JSON.parse(reply.body);
}
