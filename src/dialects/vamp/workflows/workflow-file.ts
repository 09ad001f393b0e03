import { readFileSync } from 'node:fs';
import type { FilterInput } from '../../../event/filter-input.ts';
import { InputError } from '../../../event/input-error.ts';
import { ListFile, type ListFileError } from '../../../http/yaml-list-file.ts';
import type { DeclaredSink } from '../../../sinks/declared-sinks.ts';
import { plainWebhook, type SinkInput, sinkDefaults } from '../../../sinks/spec.ts';
import type { Log } from '../../../telemetry/log.ts';
import { ReloadedFile } from '../../reloaded-file.ts';
import { encoderOf } from './encode.ts';
import { KubernetesJobTarget } from './kubernetes.ts';
import { runType, type WorkflowRuns } from './runs.ts';
import { type Cluster, readWorkflow, type Workflow } from './workflow.ts';

interface WorkflowFileOptions {
  readonly file: string;
  readonly runs: WorkflowRuns;
  readonly log: Log;
}

/** Vamp's workflows with a schedule of events. */
interface Workflows {
  /** One for each that is not suspended. */
  readonly sinks: readonly DeclaredSink[];
  /** Where they have their jobs, each once. */
  readonly clusters: readonly Cluster[];
  /** Says the line of a fault of a sink, whose argument begins with the position of the sink. */
  errorOf(error: InputError): ListFileError;
}

/** @throws Error with a sentence where the file is bad */
export const openWorkflowFile = (options: WorkflowFileOptions): ReloadedFile<Workflows> => {
  const { file, log } = options;
  return new ReloadedFile({ file, subject: 'list of workflows', log, load: () => load(options) });
};

/** @throws ListFileError; Error where the file cannot be read */
function load({ file, runs }: WorkflowFileOptions): Workflows {
  const list = new ListFile(readFileSync(file, 'utf8'), file, 'workflows');
  const read = list.read((given) => {
    const workflow = readWorkflow(given);
    return { workflow, sink: sinkOf(workflow, runs) };
  });
  // Vamp forgets what a workflow that is suspended was to do meanwhile.
  const running = [...read.entries()].filter(([, { workflow }]) => !workflow.suspended);
  return {
    sinks: running.map(([, { sink }]) => sink),
    clusters: clustersOf(read.map(({ workflow }) => workflow)),
    errorOf({ argument: [at = '', ...path], message }) {
      const position = running[Number(at)]?.[0] ?? 0;
      // A workflow has its webhook, and its job, where a sink has its target.
      const member = path[0] === 'target' ? path.slice(1) : path;
      return list.errorOf(new InputError([String(position), ...member], message));
    },
  };
}

function clustersOf(workflows: readonly Workflow[]): readonly Cluster[] {
  const jobs = workflows.flatMap(({ does }) => (does.kind === 'JOB' ? [does] : []));
  const byText = new Map(jobs.map(({ cluster }) => [JSON.stringify(cluster), cluster]));
  return [...byText.values()];
}

/** @throws InputError */
function sinkOf(workflow: Workflow, runs: WorkflowRuns): DeclaredSink {
  const { name, namespace, does } = workflow;
  const input: Omit<SinkInput, 'target'> = {
    name: `vamp:${name}`,
    namespace,
    filter: filterOf(workflow),
    format: 'VAMP_WORKFLOW',
    ...sinkDefaults,
  };
  const encoder = encoderOf(workflow, runs);
  if (does.kind === 'JOB') {
    const { cluster } = does;
    // Shown in place of the cluster, for which the API has no form.
    const webhook = { url: cluster.server, timeout: '15s', ...plainWebhook };
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
