/** Grants, and what they allow: in words of the tests' own, to which the gateway is compared. */

export interface ModelGrant {
  readonly actions: readonly string[];
  /** Globs whose only special character is a star at the end. */
  readonly namespaces?: readonly string[];
  readonly topics?: readonly string[];
  readonly filter?: { readonly severities: readonly string[] };
  readonly effect?: 'DENY';
}

/** Roles by name, and the grants of each. */
export type ModelRoles = Readonly<Record<string, readonly ModelGrant[]>>;

export interface ModelPrincipal {
  readonly secret: string | null;
  /** Null where the credential is bad. */
  readonly grants: readonly ModelGrant[] | null;
}

/** One of each role, called by the role's name, and one whose token is unknown. */
export const principalsOf = (roles: ModelRoles): readonly (readonly [string, ModelPrincipal])[] => [
  ...Object.entries(roles).map(
    ([role, grants]) => [role, { secret: role === 'anonymous' ? null : role, grants }] as const,
  ),
  ['a bad token', { secret: 'bad', grants: null }],
];

export interface ModelEvent {
  readonly namespace: string;
  readonly category: string;
  readonly key: string | null;
  readonly filterKeys?: readonly string[];
  readonly severity: string;
}

const inNamespace = (glob: string, namespace: string): boolean =>
  glob.endsWith('*') ? namespace.startsWith(glob.slice(0, -1)) : glob === namespace;

function hasTopic(topic: string, { category, key, filterKeys = [] }: ModelEvent): boolean {
  const [wanted, ofKey = '*'] = topic.split(':');
  return (
    (wanted === '*' || wanted === category) &&
    (ofKey === '*' || ofKey === key || filterKeys.includes(ofKey))
  );
}

const gives = ({ actions }: ModelGrant, action: string): boolean =>
  actions.includes(action) || actions.includes('ADMIN');

const covers = (grant: ModelGrant, event: ModelEvent): boolean =>
  (grant.namespaces ?? ['*']).some((glob) => inNamespace(glob, event.namespace)) &&
  (grant.topics ?? ['*']).some((topic) => hasTopic(topic, event)) &&
  (grant.filter?.severities.includes(event.severity) ?? true);

function may(grants: readonly ModelGrant[], action: string, event: ModelEvent): boolean {
  const covering = grants.filter((grant) => gives(grant, action) && covers(grant, event));
  return covering.length > 0 && covering.every(({ effect }) => effect !== 'DENY');
}

const isAudit = ({ namespace, category }: ModelEvent): boolean =>
  namespace === 'tidings' && category === 'Audit';

export const mayRead = (grants: readonly ModelGrant[], event: ModelEvent): boolean =>
  may(grants, isAudit(event) ? 'READ_AUDIT' : 'READ', event);

export const mayReport = (grants: readonly ModelGrant[], event: ModelEvent): boolean =>
  !isAudit(event) && may(grants, 'REPORT', event);

/** Whether there may be anything to read: where not, every read is rejected. */
export const readsAnything = (grants: readonly ModelGrant[]): boolean =>
  grants.some(
    (grant) => grant.effect !== 'DENY' && (gives(grant, 'READ') || gives(grant, 'READ_AUDIT')),
  );

const plain = (grants: readonly ModelGrant[], action: string) =>
  grants.filter((grant) => gives(grant, action));

/** Whether a right holds over all namespaces, topics and severities. */
export function everywhere(grants: readonly ModelGrant[], action: string): boolean {
  const giving = plain(grants, action);
  return (
    giving.some(({ namespaces, topics, filter }) => !namespaces && !topics && !filter) &&
    giving.every(({ effect }) => effect !== 'DENY')
  );
}

/** Whether a right holds in a namespace, though perhaps not over all of its events. */
export function holdsIn(grants: readonly ModelGrant[], action: string, namespace: string): boolean {
  const covering = plain(grants, action).filter((grant) =>
    (grant.namespaces ?? ['*']).some((glob) => inNamespace(glob, namespace)),
  );
  return (
    covering.some(({ effect }) => effect !== 'DENY') &&
    !covering.some(({ effect, topics, filter }) => effect === 'DENY' && !topics && !filter)
  );
}

/** Whether Nomad's stream of one topic, or of all of them (*), may be followed in a namespace. */
export function mayFollow(
  grants: readonly ModelGrant[],
  topic: string,
  namespace: string,
): boolean {
  const whole = plain(grants, 'READ').filter(
    (grant) =>
      (grant.namespaces ?? ['*']).some((glob) => inNamespace(glob, namespace)) &&
      (grant.topics ?? ['*']).some((given) => given === '*' || given === topic),
  );
  return (
    whole.some(({ effect }) => effect !== 'DENY') &&
    !whole.some(({ effect, filter }) => effect === 'DENY' && !filter)
  );
}
