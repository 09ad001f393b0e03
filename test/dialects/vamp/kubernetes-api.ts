import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
type Job = any;

/** As much of the API server of Kubernetes as jobs need, answering as a real one does; it notes what it was asked. */
export interface KubernetesApi extends AsyncDisposable {
  readonly url: string;
  /** By name. */
  readonly jobs: Map<string, Job>;
  readonly requests: { readonly method: string; readonly url: string; readonly token: string }[];
  /** Loses the answers to as many creations, after the job is created. */
  lost: number;
  /** What it answers instead; null for what is right. */
  failure: { readonly status: number; readonly reason: string } | null;
  end(name: string, condition: 'Complete' | 'Failed', message?: string): void;
}

const path = '/apis/batch/v1/namespaces/jobs/jobs';

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly text: string;
}

/** A status and a body; null where the answer is lost. */
type Answer = readonly [status: number, body: object] | null;

const failure = (code: number, reason: string): Answer => [
  code,
  { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code },
];

function answerOf(api: KubernetesApi, { method, url, text }: Asked): Answer {
  if (api.failure !== null) return failure(api.failure.status, api.failure.reason);
  if (url.pathname === path) {
    return method === 'POST' ? created(api, text) : [200, listOf(api.jobs, url.searchParams)];
  }
  const job = api.jobs.get(url.pathname.slice(`${path}/`.length));
  if (method !== 'PATCH' || job === undefined) return failure(404, 'NotFound');
  Object.assign(job.metadata.labels, JSON.parse(text).metadata.labels);
  return [200, job];
}

function created(api: KubernetesApi, text: string): Answer {
  const job = JSON.parse(text);
  const { name } = job.metadata;
  if (api.jobs.has(name)) return failure(409, 'AlreadyExists');
  api.jobs.set(name, job);
  if (api.lost === 0) return [201, job];
  api.lost -= 1;
  return null;
}

export async function startKubernetesApi(): Promise<KubernetesApi> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const { method = '', url = '', headers } = request;
    api.requests.push({ method, url, token: String(headers.authorization) });
    const answer = answerOf(api, { method, url: new URL(url, api.url), text });
    if (answer === null) {
      request.destroy();
      return;
    }
    const [code, body] = answer;
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const api: KubernetesApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    jobs: new Map(),
    requests: [],
    lost: 0,
    failure: null,
    end(name, type, message) {
      const at = new Date().toISOString().replace(/\.\d+/, '');
      api.jobs.get(name).status = {
        conditions: [{ type, status: 'True', lastTransitionTime: at, message }],
        ...(type === 'Complete' && { completionTime: at }),
      };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return api;
}

/** One job a page. */
function listOf(jobs: ReadonlyMap<string, Job>, parameters: URLSearchParams): object {
  const wanted = (parameters.get('labelSelector') ?? '').split(',');
  const from = parameters.get('continue') ?? '';
  const matching = [...jobs.values()]
    .filter(({ metadata: { labels } }) =>
      wanted.every((each) => (each.startsWith('!') ? !(each.slice(1) in labels) : each in labels)),
    )
    .filter(({ metadata: { name } }) => name > from)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const [first, ...others] = matching;
  return {
    kind: 'JobList',
    metadata: others.length === 0 ? {} : { continue: first.metadata.name },
    items: first === undefined ? [] : [first],
  };
}
