import type { HiddenField } from '../client/schema.generated.ts';
import { type WholeEvent, wholeFields } from './events.ts';

/** The operation that answers with one event. */
export const eventQuery = (id: string, hidden: ReadonlySet<HiddenField>): string =>
  `query Event {\n  event(id: "${id}") {\n    ${wholeFields(hidden)}\n  }\n}`;

/** A command for a shell that asks for the event. @param origin of the gateway: http://127.0.0.1:4000 */
export function eventCurl(origin: string, query: string, needsToken: boolean): string {
  const body = JSON.stringify({ query: query.replaceAll(/\s+/g, ' ') });
  const parts = [
    `curl -s ${origin}/graphql`,
    "-H 'content-type: application/json'",
    ...(needsToken ? ['-H "authorization: Bearer $TIDINGS_TOKEN"'] : []),
    `-d '${body.replaceAll("'", "'\\''")}'`,
  ];
  return parts.join(' \\\n  ');
}

export const eventJson = (event: WholeEvent): string => JSON.stringify(event, null, 2);
