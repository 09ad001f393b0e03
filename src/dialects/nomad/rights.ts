import type { Grant } from '../../access/policy.ts';
import type { Scope } from '../../access/scope.ts';
import { defaultNamespace } from '../../event/event.ts';
import type { Filter, Topic } from '../../event/filter.ts';
import { compileGlob } from '../../event/glob.ts';
import type { Store } from '../../store/store.ts';
import type { StreamQuery } from './stream-query.ts';

const everyTopic: Topic = { category: null, key: null };

/** Their objects belong to the whole cluster in Nomad. Events of the cluster are kept in the default namespace. */
const clusterTopics: ReadonlySet<string | null> = new Set([
  'Node',
  'NodePool',
  'Operator',
  'ACLToken',
  'ACLPolicy',
  'ACLRole',
  'ACLAuthMethod',
  'ACLBindingRule',
]);

/**
 * Whether a stream may be followed, by Nomad's rule: each topic that it asks for must be allowed as a whole, in each of
 * its namespaces; one that is not denies the whole stream. `*` is all topics, and as a namespace all that there are.
 *
 * | Nomad's policy                            | a grant of READ                                                       |
 * |-------------------------------------------|-----------------------------------------------------------------------|
 * | namespace "x", capability read-job        | namespaces [x], topics Job, Evaluation, Allocation, Deployment, Service, CSIPlugin |
 * | capability csi-read-volume                | topics CSIVolume                                                      |
 * | capability host-volume-read               | topics HostVolume                                                     |
 * | variables { path "p" { list } }           | topics Variable:p, which also allows to ask for Variable              |
 * | node, operator { policy = "read" }        | namespaces [default], topics Node, Operator                           |
 * | management                                | all namespaces and topics                                             |
 *
 * The filter of a grant, and a denial of less than was asked for, do not deny the stream: their events are left out.
 * @param store of the whole gateway. @throws Unavailable
 */
export async function mayFollow(
  { topics, namespace }: Pick<StreamQuery, 'topics' | 'namespace'>,
  { read, grants }: Scope,
  store: Pick<Store, 'types'>,
): Promise<boolean> {
  if (typeof read === 'string') return read === 'ALL';
  const asked = topics.length === 0 ? [everyTopic] : topics;
  const rights = asked.map((topic) => rightsOver(topic, grants));
  if (namespace !== '*') return rights.every((right) => holdsIn(namespace, right));
  return rights.every((right) => holdsIn(defaultNamespace, right)) && holdEverywhere(rights, store);
}

/** Globs of the namespaces in which a topic may be read. */
interface Right {
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
  readonly clusterWide: boolean;
}

function rightsOver(topic: Topic, grants: readonly Grant[]): Right {
  const reading = grants.filter(
    ({ actions }) => actions.includes('READ') || actions.includes('ADMIN'),
  );
  const namespacesOf = (some: readonly Grant[]) => some.flatMap(({ namespaces }) => namespaces);
  return {
    allowed: namespacesOf(
      reading.filter(
        ({ effect, topics }) => effect === 'ALLOW' && topics.some((given) => allows(given, topic)),
      ),
    ),
    denied: namespacesOf(
      reading.filter(
        ({ effect, topics, filter }) =>
          effect === 'DENY' && filter === null && topics.some((given) => covers(given, topic)),
      ),
    ),
    clusterWide: clusterTopics.has(topic.category),
  };
}

/** Any variable in a namespace allows to ask for all of them. */
const allows = (given: string, topic: Topic): boolean =>
  covers(given, topic) || (topic.category === 'Variable' && given.startsWith('Variable:'));

/** Whether a grant's topic includes all that is asked for. */
function covers(given: string, { category, key }: Topic): boolean {
  const [, ofCategory, ofKey = '*'] = /^([^:]*)(?::(.*))?$/s.exec(given) ?? [];
  return (ofCategory === '*' || ofCategory === category) && (ofKey === '*' || ofKey === key);
}

function holdsIn(namespace: string, { allowed, denied, clusterWide }: Right): boolean {
  const matches = (glob: string) => compileGlob(glob)(namespace);
  if (allowed.some(matches) && !denied.some(matches)) return true;
  return (
    clusterWide &&
    namespace !== defaultNamespace &&
    holdsIn(defaultNamespace, { allowed, denied, clusterWide })
  );
}

/** Whether there is not any namespace in which one of the topics may not be read. */
async function holdEverywhere(
  rights: readonly Right[],
  store: Pick<Store, 'types'>,
): Promise<boolean> {
  const partly = rights.filter(
    ({ allowed, denied, clusterWide }) =>
      !clusterWide && !(allowed.includes('*') && denied.length === 0),
  );
  if (partly.length === 0) return true;
  const outside = partly.flatMap(({ allowed, denied }): Filter[] => [
    { not: { namespaceGlobs: allowed } },
    ...(denied.length > 0 ? [{ namespaceGlobs: denied }] : []),
  ]);
  const distinct = new Map(outside.map((filter) => [JSON.stringify(filter), filter]));
  return (await store.types(null, { any: [...distinct.values()] })).length === 0;
}
