import cases from '../../fixtures/skywalking-cases.json' with { type: 'json' };
import type { AgentEvent } from './agent.ts';

/** What becomes of one event or one request; what a case does not speak of is absent. */
export interface IngestCase {
  readonly event: AgentEvent;
  readonly body: unknown;
  readonly stored: unknown;
  readonly stored_layer: string;
  readonly queried: unknown;
  readonly table: readonly (readonly [string | null, string])[];
  readonly status: number;
  readonly response_content_type: string;
  readonly response_body: string;
  readonly response_body_bytes: number;
  readonly grpc_status: string;
  readonly message: string;
}

export function ingestCase(id: string): IngestCase {
  const found = cases.ingest.find((each) => each.id === id);
  if (found === undefined) throw new Error(`The fixture has no case ${id}.`);
  return found as unknown as IngestCase;
}
