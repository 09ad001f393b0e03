import { createHash } from 'node:crypto';
import type { Event } from '../../../event/event.ts';
import { type EncodedMessage, type Encoder, UndeliverableEvent } from '../../../sinks/encoder.ts';
import { jsonMessage } from '../../../sinks/formats/json-message.ts';
import { messageIdOf } from '../../../sinks/job.ts';
import { compileTemplate } from '../../../sinks/template.ts';
import { streamedText } from '../encode.ts';
import {
  chainOf,
  isRun,
  longestChain,
  ReportedTarget,
  type Run,
  runOf,
  type WorkflowRuns,
} from './runs.ts';
import type { KubernetesJob, WebhookCall, Workflow } from './workflow.ts';

/** Holds the event for whatever runs, as Vamp's own workflows expect it. */
const dataVariable = 'VAMP_WORKFLOW_DATA';
/** Linux starts no program with a longer variable. */
const maxVariableBytes = 131_071;

/** A job carries its run, so that whoever sees its end knows what has ended. */
export const runAnnotation = 'tidings/run';
/** On every job of ours, and on those whose end is reported. */
export const jobLabels = { run: 'tidings/run', ended: 'tidings/ended' } as const;

/** The event as JSON in base64. */
const dataOf = (event: Event): string => Buffer.from(streamedText(event)).toString('base64');

/** The environment of a run, with the references of its values replaced; one that Vamp does not know is empty. */
function environmentOf(
  { name, namespace, environment }: Pick<Workflow, 'name' | 'namespace' | 'environment'>,
  event: Event,
): Record<string, string> {
  const data = dataOf(event);
  const values = new Map([
    ['data', data],
    ['workflow', name],
    ['workflow.name', name],
    ['namespace', namespace],
  ]);
  const replaced = Object.entries(environment).map(([variable, value]) => [
    variable,
    value.replace(/\$\{([^}]*)\}/g, (_, reference: string) => values.get(reference) ?? ''),
  ]);
  return { [dataVariable]: data, ...Object.fromEntries(replaced) };
}

/** The format VAMP_WORKFLOW, for sinks of the API: their runs begin no other runs. */
export const createWorkflowEncoder = (runs: WorkflowRuns): Encoder => ({
  format: 'VAMP_WORKFLOW',
  maxBatch: 1,
  encode: ([event]) => {
    if (event === undefined || isRun(event)) return null;
    return jsonMessage({ [dataVariable]: dataOf(event) });
  },
  around: (target, { name, namespace }) =>
    new ReportedTarget(target, { runs, workflow: { name, namespace }, endsWithDelivery: true }),
});

/** Encodes what a workflow of a file does. @throws InputError where its template is bad */
export function encoderOf(workflow: Workflow, runs: WorkflowRuns): Encoder {
  const { does } = workflow;
  const encode = does.kind === 'JOB' ? jobEncoder(workflow, does) : callEncoder(workflow, does);
  return {
    format: 'VAMP_WORKFLOW',
    maxBatch: 1,
    encode: ([event]) => {
      if (event === undefined) return null;
      if (chainOf(event).length >= longestChain) {
        throw new UndeliverableEvent(
          `${longestChain} workflows have triggered each other: this one is not run.`,
        );
      }
      return encode(event);
    },
    around: (target) =>
      new ReportedTarget(target, { runs, workflow, endsWithDelivery: does.kind === 'WEBHOOK' }),
  };
}

type Encode = (event: Event) => EncodedMessage;

function callEncoder(workflow: Workflow, { template: text }: WebhookCall): Encode {
  if (text === null) return (event) => jsonMessage(environmentOf(workflow, event));
  const template = compileTemplate(text, ['webhook', 'template'], {
    data: dataOf,
    workflow: () => workflow.name,
  });
  const contentType = template.isJson ? 'application/json' : 'text/plain; charset=utf-8';
  return (event) => ({ contentType, headers: {}, body: template.render(event) });
}

const jobEncoder =
  (workflow: Workflow, job: KubernetesJob): Encode =>
  (event) => {
    const environment = environmentOf(workflow, event);
    const tooLong = Object.entries(environment).find(
      ([name, value]) => Buffer.byteLength(`${name}=${value}`) > maxVariableBytes,
    );
    if (tooLong !== undefined) {
      throw new UndeliverableEvent(
        `The variable ${tooLong[0]} would have more than ${maxVariableBytes} bytes, which no program is started with.`,
      );
    }
    const run = runOf(messageIdOf([event]), workflow);
    return jsonMessage(manifestOf({ job, run, environment, index: event.index }));
  };

const manifestOf = ({
  job,
  run,
  environment,
  index,
}: {
  readonly job: KubernetesJob;
  readonly run: Run;
  readonly environment: Readonly<Record<string, string>>;
  readonly index: number;
}) => {
  const { image, command, args, serviceAccount, cpu, memory, retries, keepSeconds } = job;
  const labels = { 'app.kubernetes.io/managed-by': 'tidings', [jobLabels.run]: run.id };
  const requests = { ...(cpu !== null && { cpu }), ...(memory !== null && { memory }) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(run.workflow, index),
      namespace: job.cluster.namespace,
      labels,
      annotations: { [runAnnotation]: JSON.stringify(run) },
    },
    spec: {
      backoffLimit: retries,
      ttlSecondsAfterFinished: keepSeconds,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          ...(serviceAccount !== null && { serviceAccountName: serviceAccount }),
          containers: [
            {
              name: 'workflow',
              image,
              ...(command.length > 0 && { command }),
              ...(args.length > 0 && { args }),
              env: Object.entries(environment).map(([name, value]) => ({ name, value })),
              ...(Object.keys(requests).length > 0 && { resources: { requests } }),
            },
          ],
        },
      },
    },
  };
};

/** Names of jobs are labels of DNS with 63 characters at most. */
const longestJobName = 63;

/** workflow-<name>-<index>: the same for every attempt, so that a second one finds the job of the first. */
function jobName(workflow: string, index: number): string {
  const room = longestJobName - `workflow--${index}`.length;
  const plain = workflow
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  if (plain === workflow && plain.length <= room) return `workflow-${plain}-${index}`;
  const hash = createHash('sha256').update(workflow).digest('hex').slice(0, 8);
  const kept = plain.slice(0, room - hash.length - 1).replace(/-$/, '');
  return `workflow-${kept === '' ? '' : `${kept}-`}${hash}-${index}`;
}
