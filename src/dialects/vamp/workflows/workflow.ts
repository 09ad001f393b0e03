import { quoted } from '../../../event/input-error.ts';
import { isMapping } from '../../../http/yaml.ts';
import { Members } from './members.ts';

/** A workflow that events trigger. */
export interface Workflow {
  readonly name: string;
  readonly namespace: string;
  /** An event must have all of them; none where every event triggers it. */
  readonly tags: readonly string[];
  readonly suspended: boolean;
  /** Of the breed and of the workflow, which overrides it; values may hold `${data}`, `${workflow}` and `${namespace}`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly does: WebhookCall | KubernetesJob;
}

export interface WebhookCall {
  readonly kind: 'WEBHOOK';
  readonly url: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly secret: string | null;
  readonly timeout: string;
  /** Instead of the environment as JSON. */
  readonly template: string | null;
}

export interface KubernetesJob {
  readonly kind: 'JOB';
  readonly image: string;
  readonly cluster: Cluster;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly serviceAccount: string | null;
  /** As Kubernetes writes them; null where they are not limited. */
  readonly cpu: string | null;
  readonly memory: string | null;
  /** How often a job that fails is tried again. */
  readonly retries: number;
  /** How long a job is kept after it has ended. */
  readonly keepSeconds: number;
}

/** A namespace of a cluster of Kubernetes. */
export interface Cluster {
  readonly server: string;
  readonly namespace: string;
  readonly tokenFile: string;
  readonly caFile: string | null;
}

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Kubernetes gives these to each pod. */
const inCluster = {
  server: 'https://kubernetes.default.svc',
  tokenFile: `${mounted}/token`,
  caFile: `${mounted}/ca.crt`,
};
const defaultTimeout = '15s';
const defaultKeepSeconds = 3_600;
const maxRetries = 100;

/** Parts of Vamp's artifacts that say nothing of what a trigger does. */
const ignored = ['kind', 'metadata', 'network', 'health_checks', 'health', 'dialects', 'instances'];
const statuses = ['starting', 'running', 'restarting', 'stopping', 'suspending', 'suspended'];

/** A workflow of a file, in the form of Vamp's artifacts. @throws InputError with the member at fault */
export function readWorkflow(given: unknown): Workflow {
  const artifact = new Members(given, []);
  const name = artifact.text('name');
  if (!/^[^\s/]{1,128}$/.test(name)) {
    throw artifact.fault('name', 'A name has 1 to 128 characters, and neither white space nor /.');
  }
  const { environment, image } = readBreed(artifact);
  const workflow: Workflow = {
    name,
    namespace: artifact.optionalText('namespace') ?? 'default',
    tags: readSchedule(artifact),
    suspended: readStatus(artifact),
    environment: { ...environment, ...readEnvironment(artifact) },
    does: readDoes(artifact, image),
  };
  for (const each of ignored) artifact.skip(each);
  artifact.end();
  return workflow;
}

/** Vamp's four forms: {event: {tags: […]}}, {event: {tags: a}}, {event: […]} and {event: a}. */
function readSchedule(artifact: Members): readonly string[] {
  const schedule = artifact.value('schedule');
  if (!isMapping(schedule) || schedule.event === undefined) {
    throw artifact.fault(
      'schedule',
      'Only a schedule of events is run here: {event: {tags: […]}}. Vamp itself runs daemons and times.',
    );
  }
  const members = artifact.members('schedule');
  const isShort = !isMapping(schedule.event);
  const event = isShort ? members : members.members('event');
  const member = isShort ? 'event' : 'tags';
  const tags = event.optionalStrings(member) ?? [];
  const every = isShort ? false : event.flag('every');
  if (!isShort) event.end();
  members.end();
  if (tags.includes('')) throw event.fault(member, 'A tag must not be empty.');
  if (tags.length === 0 && !every) {
    throw event.fault(
      member,
      'Without tags every event would run it: name a tag, or say {event: {tags: [], every: true}}.',
    );
  }
  return [...new Set(tags)];
}

function readStatus(artifact: Members): boolean {
  const status = (artifact.optionalText('status') ?? 'running').trim().toLowerCase();
  if (!statuses.includes(status)) {
    throw artifact.fault('status', `${quoted(status)} is none of ${statuses.join(', ')}.`);
  }
  return /^s(uspend|top)/.test(status);
}

function readEnvironment(within: Members): Record<string, string> {
  const members = within.members('environment_variables');
  const read = members.names.map((key) => {
    // Vamp writes an alias after the name: NAME[alias].
    const name = key.replace(/\[.*\]$/s, '');
    if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
      throw members.fault(key, `${quoted(name)} is not the name of an environment variable.`);
    }
    return [name, members.scalar(key)];
  });
  return Object.fromEntries(read);
}

/** The environment and the image of a breed; a breed that is only named has neither. */
function readBreed(artifact: Members) {
  const breed = artifact.value('breed');
  if (!isMapping(breed)) {
    artifact.skip('breed');
    return { environment: {}, image: null };
  }
  const members = artifact.members('breed');
  const environment = readEnvironment(members);
  const { deployable } = breed;
  if (!isMapping(deployable)) {
    const image = typeof deployable === 'string' ? deployable : null;
    return { environment, image };
  }
  const { type = 'container/docker', definition } = deployable;
  const isImage = type === 'container/docker' || type === 'docker';
  const image = isImage && typeof definition === 'string' ? definition : null;
  return { environment, image };
}

function readDoes(artifact: Members, image: string | null): Workflow['does'] {
  const isWebhook = artifact.value('webhook') !== undefined;
  const isJob = artifact.value('kubernetesJob') !== undefined;
  if (isWebhook === isJob) {
    throw artifact.fault('webhook', 'A workflow has either a webhook or a kubernetesJob.');
  }
  if (isJob) return readJob(artifact, image);
  for (const each of ['scale', 'arguments']) artifact.skip(each);
  return readWebhook(artifact.members('webhook'));
}

function readWebhook(members: Members): WebhookCall {
  const headers = members.members('headers');
  const call: WebhookCall = {
    kind: 'WEBHOOK',
    url: members.text('url'),
    headers: headers.names.map((name) => ({ name, value: headers.scalar(name) })),
    secret: members.optionalText('secret'),
    timeout: members.optionalText('timeout') ?? defaultTimeout,
    template: members.optionalText('template'),
  };
  members.end();
  return call;
}

function readJob(artifact: Members, breedImage: string | null): KubernetesJob {
  const members = artifact.members('kubernetesJob');
  const image = members.optionalText('image') ?? breedImage;
  if (image === null) {
    throw members.fault(
      'image',
      'A job needs an image: give it here, or as breed.deployable of type container/docker.',
    );
  }
  const args = artifact.optionalStrings('arguments');
  const { cpu, memory } = readScale(artifact);
  const job: KubernetesJob = {
    kind: 'JOB',
    image,
    cluster: readCluster(members),
    command: members.optionalStrings('command') ?? [],
    args: members.optionalStrings('args') ?? args ?? [],
    serviceAccount: label(members, 'serviceAccount'),
    cpu,
    memory,
    retries: members.count('retries', maxRetries) ?? 0,
    keepSeconds: members.count('keepSeconds', Number.MAX_SAFE_INTEGER) ?? defaultKeepSeconds,
  };
  members.end();
  return job;
}

/** By default the cluster that the gateway itself is in. */
function readCluster(members: Members): Cluster {
  const server = members.optionalText('server');
  const named = server ?? inCluster.server;
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(named) || !URL.canParse(named)) {
    throw members.fault('server', `${quoted(named)} is not a URL like https://10.0.0.1:6443.`);
  }
  return {
    server: named.replace(/\/$/, ''),
    namespace: label(members, 'namespace') ?? 'default',
    tokenFile: members.optionalText('tokenFile') ?? inCluster.tokenFile,
    caFile: members.optionalText('caFile') ?? (server === null ? inCluster.caFile : null),
  };
}

/** Part of a path at the API server: a label of DNS and nothing else. */
function label(members: Members, name: string): string | null {
  const text = members.optionalText(name);
  if (text === null || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) return text;
  throw members.fault(name, `${quoted(text)} is not a name of Kubernetes: write a-z, 0-9 and -.`);
}

/** Vamp's scale: {cpu: 0.1, memory: 64MB}. */
function readScale(artifact: Members): Pick<KubernetesJob, 'cpu' | 'memory'> {
  const scale = artifact.value('scale');
  if (!isMapping(scale)) {
    artifact.skip('scale');
    return { cpu: null, memory: null };
  }
  const members = artifact.members('scale');
  const quantity = (name: string, form: RegExp, wanted: string): RegExpExecArray | null => {
    if (members.value(name) === undefined) return null;
    const text = members.scalar(name);
    const parts = form.exec(text);
    if (parts !== null) return parts;
    throw members.fault(name, `${quoted(text)} is not ${wanted}.`);
  };
  const cpu = quantity('cpu', /^\d+(\.\d+)?m?$/, 'a number of processors, such as 0.1');
  const memory = quantity('memory', /^(\d+(?:\.\d+)?)([KMG]?)(i?)B?$/, 'a size, such as 64MB');
  const unit = memory?.[2] === 'K' && memory[3] === '' ? 'k' : memory?.[2];
  return {
    cpu: cpu?.[0] ?? null,
    memory: memory === null ? null : `${memory[1]}${unit}${memory[3]}`,
  };
}
