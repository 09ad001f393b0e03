import { readFileSync } from 'node:fs';
import type { FilterInput } from '../../../event/filter-input.ts';
import { ListFile, ListFileError } from '../../../http/yaml-list-file.ts';
import type { DeclaredSink } from '../../../sinks/declared-sinks.ts';
import type { SinkInput } from '../../../sinks/spec.ts';
import type { Log } from '../../../telemetry/log.ts';
import { encoderOf } from './encode.ts';
import { KubernetesJobTarget } from './kubernetes.ts';
import { runType, type WorkflowRuns } from './runs.ts';
import { type Cluster, readWorkflow, type Workflow } from './workflow.ts';

interface WorkflowFileOptions {
  readonly file: string;
  readonly runs: WorkflowRuns;
  readonly log: Log;
}

interface Loaded {
  readonly workflows: readonly Workflow[];
  readonly sinks: readonly DeclaredSink[];
}

/** Vamp's workflows with a schedule of events, each as a sink. */
export class WorkflowFile {
  readonly #options: WorkflowFileOptions;
  #loaded: Loaded;

  /** @throws Error with a sentence where the file is bad */
  constructor(options: WorkflowFileOptions) {
    this.#options = options;
    this.#loaded = load(options);
  }

  get sinks(): readonly DeclaredSink[] {
    return this.#loaded.sinks;
  }

  /** Where the workflows have their jobs, each once. */
  get clusters(): readonly Cluster[] {
    const jobs = this.#loaded.workflows.flatMap(({ does }) => (does.kind === 'JOB' ? [does] : []));
    const byText = new Map(jobs.map(({ cluster }) => [JSON.stringify(cluster), cluster]));
    return [...byText.values()];
  }

  /** A bad file is logged and changes nothing. */
  reload(): void {
    const { file, log } = this.#options;
    try {
      this.#loaded = load(this.#options);
    } catch (error) {
      const faults = error instanceof ListFileError ? error.faults : [String(error)];
      log.error({ file, faults }, 'The new workflows are bad: the old ones stay in use.');
      return;
    }
    log.info({ file }, 'The workflows were read again.');
  }
}

/** @throws ListFileError; Error where the file cannot be read */
function load({ file, runs }: WorkflowFileOptions): Loaded {
  const list = new ListFile(readFileSync(file, 'utf8'), file, 'workflows');
  const read = list.read((given) => {
    const workflow = readWorkflow(given);
    return { workflow, sink: sinkOf(workflow, runs) };
  });
  // Vamp forgets what a workflow that is suspended was to do meanwhile.
  const running = read.filter(({ workflow }) => !workflow.suspended);
  return {
    workflows: read.map(({ workflow }) => workflow),
    sinks: running.map(({ sink }) => sink),
  };
}

/** @throws InputError */
function sinkOf(workflow: Workflow, runs: WorkflowRuns): DeclaredSink {
  const { name, namespace, does } = workflow;
  const input: Omit<SinkInput, 'target'> = {
    name: `vamp:${name}`,
    namespace,
    filter: filterOf(workflow),
    format: 'VAMP_WORKFLOW',
    delivers: 'EVERY_CHANGE',
    order: 'KEY',
    parallel: 4,
    batch: 1,
    disableAfter: '5d',
  };
  const encoder = encoderOf(workflow, runs);
  if (does.kind === 'JOB') {
    const { cluster } = does;
    // Shown in place of the cluster, for which the API has no form.
    const webhook = { url: cluster.server, signed: false, timeout: '15s', handshake: false };
    const openTarget = () => new KubernetesJobTarget(cluster);
    return { input: { ...input, target: { webhook } }, encoder, openTarget };
  }
  const { url, headers, secret, timeout } = does;
  const webhook = { url, headers, signed: secret !== null, secret, timeout, handshake: false };
  return { input: { ...input, target: { webhook } }, encoder };
}

/**
 * Events with all the tags, but for what would never end: a workflow is not run by what its own runs have caused, and
 * by the runs of others only where a tag names one.
 */
function filterOf({ name, namespace, tags }: Workflow): FilterInput {
  const namesWorkflow = tags.some((tag) => tag.startsWith('workflows:'));
  const runs = { types: [runType], ...(namesWorkflow && { keys: [name] }) };
  return { namespaces: [namespace], ...(tags.length > 0 && { tags }), not: runs };
}
