import { pause } from '../../../runtime/backoff.ts';
import type { Log } from '../../../telemetry/log.ts';
import { type Source, type SourceRun, Supervision } from '../../source.ts';
import { KubernetesJobs } from './kubernetes.ts';
import type { WorkflowRuns } from './runs.ts';
import type { Cluster } from './workflow.ts';

export interface JobSourceOptions {
  readonly clusters: () => readonly Cluster[];
  readonly runs: WorkflowRuns;
  readonly log: Log;
  /** How often ended jobs are looked for; 5,000 by default. */
  readonly lookEveryMs?: number;
}

const defaultLookEveryMs = 5_000;
const [shortestPauseMs, longestPauseMs] = [1_000, 60_000];

/** Reports the ends of runs that are jobs of Kubernetes. A job whose end is reported is marked, for all gateways. */
export class JobSource implements Source {
  readonly name = 'vamp-jobs';
  readonly skipped = 0;
  readonly #options: JobSourceOptions;
  readonly #supervision: Supervision;

  constructor(options: JobSourceOptions) {
    this.#options = options;
    this.#supervision = new Supervision({
      subject: "The jobs of Vamp's workflows",
      address: 'Kubernetes',
      shortestPauseMs,
      longestPauseMs,
      log: options.log,
      follow: (run) => this.#follow(run),
    });
  }

  healthReason(): string | null {
    return this.#supervision.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervision[Symbol.asyncDispose]();
  }

  async #follow({ signal, following, progressed }: SourceRun): Promise<void> {
    const { clusters, lookEveryMs = defaultLookEveryMs } = this.#options;
    while (!signal.aborted) {
      await this.#lookInAll(clusters(), signal);
      following();
      progressed();
      await pause(lookEveryMs, signal);
    }
  }

  /** One cluster that is down does not keep the ends of others. @throws what was wrong with the first that is */
  async #lookInAll(clusters: readonly Cluster[], signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    for (const cluster of clusters) {
      await this.#look(cluster, signal).catch((error) => failures.push(error));
      signal.throwIfAborted();
    }
    if (failures.length > 0) throw failures[0];
  }

  async #look(cluster: Cluster, signal: AbortSignal): Promise<void> {
    await using jobs = new KubernetesJobs(cluster);
    for await (const ended of jobs.ended(signal)) {
      for (const { name, run, at, fault } of ended) {
        await this.#options.runs.ended(run, { at, fault }, signal);
        await jobs.mark(name, signal);
      }
    }
  }
}
