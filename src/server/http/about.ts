import type { ServerResponse } from 'node:http';
import { replyJson } from '../../http/reply.ts';

const paths = {
  '/': 'The console, for browsers',
  '/graphql': 'GraphQL by POST and GET; feeds by WebSocket and server-sent events',
  '/healthz': 'Whether the process answers',
  '/readyz': 'Whether journal and store are usable, and if not, why',
  '/metrics': 'Metrics for Prometheus',
} as const;

export interface About {
  readonly version: string;
  readonly dialects: readonly string[];
}

/** Answers GET / for programs: what is served here. */
export function answerAbout(response: ServerResponse, about: About): void {
  replyJson(response, 200, { name: 'tidings', ...about, paths }, { Vary: 'Accept' });
}
