import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Instant } from '../../../event/event.ts';
import { parseInstant } from '../../../event/instant.ts';
import { isMapping } from '../../../http/yaml.ts';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  maxKeptResponseBytes,
  type Target,
  targetFailed,
} from '../../../sinks/target.ts';
import { type HttpAnswer, HttpEndpoint } from '../../../sinks/targets/http-endpoint.ts';
import { outcomeOf } from '../../../sinks/targets/webhook.ts';
import { jobLabels, runAnnotation } from './encode.ts';
import type { Run } from './runs.ts';
import type { Cluster } from './workflow.ts';

const timeoutMs = 15_000;
/** Jobs hold their events: a page of them may be long. */
const jobsOfPage = 20;
const maxPageBytes = 32 * 2 ** 20;
/** Characters of why a job failed. */
const maxFault = 1_024;

/** A job of ours that has ended. */
export interface EndedJob {
  readonly name: string;
  readonly run: Run;
  readonly at: Instant;
  /** Null where it succeeded. */
  readonly fault: string | null;
}

/** The jobs in a namespace of a cluster. */
export class KubernetesJobs implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #endpoint: HttpEndpoint;
  readonly #path: string;

  /** @throws Error where the authority's certificate cannot be read */
  constructor(cluster: Cluster) {
    const { server, namespace, caFile } = cluster;
    this.#cluster = cluster;
    this.#path = `/apis/batch/v1/namespaces/${namespace}/jobs`;
    this.#endpoint = new HttpEndpoint({
      url: new URL(server),
      timeoutMs,
      network: null,
      tls: caFile === null ? undefined : { ca: readFileSync(caFile) },
      maxResponseBytes: maxPageBytes,
      maxKeptBytes: maxPageBytes,
    });
  }

  create(manifest: string, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#send(signal, 'POST', this.#path, { type: 'application/json', text: manifest });
  }

  /** Those that have ended and are not marked yet, page by page. @throws Error with a sentence */
  async *ended(signal: AbortSignal): AsyncGenerator<readonly EndedJob[], undefined> {
    const labelSelector = `${jobLabels.run},!${jobLabels.ended}`;
    const query = new URLSearchParams({ labelSelector, limit: String(jobsOfPage) });
    for (let next: string | undefined = ''; next !== undefined; ) {
      if (next !== '') query.set('continue', next);
      const answer = await this.#send(signal, 'GET', `${this.#path}?${query}`);
      const { metadata, items } = JSON.parse(expected(answer)) as JobList;
      yield (items ?? []).flatMap((job) => endedJob(job) ?? []);
      next = metadata?.continue || undefined;
    }
  }

  /** It is not among the ended ones any more. @throws Error with a sentence */
  async mark(name: string, signal: AbortSignal): Promise<void> {
    const patch = JSON.stringify({ metadata: { labels: { [jobLabels.ended]: 'true' } } });
    const body = { type: 'application/merge-patch+json', text: patch };
    const answer = await this.#send(signal, 'PATCH', `${this.#path}/${name}`, body);
    // Somebody has deleted it.
    if (answer.status !== 404) expected(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endpoint[Symbol.asyncDispose]();
  }

  async #send(
    signal: AbortSignal,
    method: string,
    path: string,
    body?: { readonly type: string; readonly text: string },
  ): Promise<HttpAnswer> {
    // Read each time: Kubernetes replaces it.
    const token = (await readFile(this.#cluster.tokenFile, 'utf8')).trim();
    return await this.#endpoint.send({
      method,
      path,
      headers: {
        Accept: 'application/json',
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'Content-Type': body.type }),
      },
      ...(body !== undefined && { body: body.text }),
      signal,
    });
  }
}

/** As much of a list of jobs as is read. */
interface JobList {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly Job[];
}

interface Job {
  readonly metadata?: {
    readonly name?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly completionTime?: string;
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
  };
}

function endedJob({ metadata, status }: Job): EndedJob | null {
  const last = status?.conditions?.find(
    (each) => (each.type === 'Complete' || each.type === 'Failed') && each.status === 'True',
  );
  const run = runIn(metadata?.annotations?.[runAnnotation]);
  if (last === undefined || run === null || metadata?.name === undefined) return null;
  const at = status?.completionTime ?? last.lastTransitionTime;
  return {
    name: metadata.name,
    run,
    at: at === undefined ? Date.now() * 1_000 : parseInstant(at),
    fault: last.type === 'Failed' ? (last.message ?? 'its job failed.').slice(0, maxFault) : null,
  };
}

/** Whoever may change jobs may change the annotation: null where it is not one of ours. */
function runIn(annotation: string | undefined): Run | null {
  try {
    const run: unknown = JSON.parse(annotation ?? 'null');
    if (!isMapping(run)) return null;
    const { id, workflow, namespace } = run;
    return [id, workflow, namespace].every((text) => typeof text === 'string')
      ? ({ id, workflow, namespace } as Run)
      : null;
  } catch {
    return null;
  }
}

/** The body of an answer. @throws Error where it is not a success */
function expected({ status, text }: HttpAnswer): string {
  if (status >= 200 && status < 300) return text;
  throw new Error(`Kubernetes answered ${status}: ${text.slice(0, maxKeptResponseBytes)}`);
}

/** Creates a job for each message. */
export class KubernetesJobTarget implements Target {
  readonly #jobs: KubernetesJobs;

  constructor(cluster: Cluster) {
    this.#jobs = new KubernetesJobs(cluster);
  }

  async deliver({ message, signal }: DeliveryRequest): Promise<DeliveryOutcome> {
    try {
      const answer = await this.#jobs.create(message.body, signal);
      const { status } = answer;
      const text = answer.text.slice(0, maxKeptResponseBytes);
      // The job of an earlier attempt, whose answer was lost.
      const isThere = status === 409 && answer.text.includes('AlreadyExists');
      if (isThere) return { kind: 'DELIVERED', status, response: text };
      return outcomeOf({ ...answer, text });
    } catch (error) {
      signal.throwIfAborted();
      return targetFailed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#jobs[Symbol.asyncDispose]();
  }
}
