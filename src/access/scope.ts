import { createHash } from 'node:crypto';
import { auditNamespace } from '../event/audit.ts';
import type { Event, Report } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import { compileGlob } from '../event/glob.ts';
import { compileFilter, type ReportMatcher } from '../event/matcher.ts';
import { auditEvents } from './audit.ts';
import { difference, type Extent, isEverything } from './extent.ts';
import {
  type Grant,
  type GrantAction,
  grantActions,
  type HiddenField,
  openPolicy,
} from './policy.ts';
import { Forbidden } from './principal.ts';

/** The rights of one set of roles. Equal rights have equal keys. */
export interface Scope {
  /** Of all rights. */
  readonly key: string;
  /** Of the rights to read alone: a feed lasts as long as this does. */
  readonly readKey: string;
  readonly grants: readonly Grant[];
  readonly read: Extent;
  /** Fields that are kept back. */
  readonly hidden: ReadonlySet<HiddenField>;
  /** Whether an event may be shown. */
  readonly mayRead: (event: Event) => boolean;
  /** Whether a report may be recorded. */
  readonly mayReport: (report: Report) => boolean;
  /** Whether the roles give a right anywhere. */
  readonly may: (action: GrantAction) => boolean;
  /** Whether the roles give a right in a namespace, though perhaps not over all of its events. */
  readonly mayIn: (action: GrantAction, namespace: string) => boolean;
  /** Whether the roles give a right over all events, whatever holds for those about management. */
  readonly mayEverywhere: (action: GrantAction) => boolean;
  /** Whether everything may be read, reported and managed: then nothing has to be checked. */
  readonly unrestricted: boolean;
}

/** Compiles grants: an event is in the scope of an action when some grant allows it and none denies it. */
export function compileScope(grants: readonly Grant[]): Scope {
  const read = readExtent(grants);
  const report = extentOf(grants, 'REPORT');
  const hidden = hiddenBy(grants);
  const extents = new Map(grantActions.map((action) => [action, extentOf(grants, action)]));
  const readRights = { read, hidden: [...hidden] };
  return {
    key: keyOf({ ...readRights, extents: [...extents] }),
    readKey: keyOf(readRights),
    grants,
    read,
    hidden,
    mayRead: matcherOf(read),
    mayReport: matcherOf(report),
    may: (action) => extents.get(action) !== 'NONE',
    mayIn: (action, namespace) => mayIn(grants, action, namespace),
    mayEverywhere: (action) => extents.get(action) === 'ALL',
    unrestricted:
      read === 'ALL' && hidden.size === 0 && [...extents.values()].every((each) => each === 'ALL'),
  };
}

/** @throws Forbidden where nothing may be reported: then the events need not be read */
export function requireReporter({ may }: Pick<Scope, 'may'>): void {
  if (!may('REPORT')) throw new Forbidden('REPORT');
}

const gives = (grant: Grant, action: GrantAction): boolean =>
  grant.actions.includes(action) || grant.actions.includes('ADMIN');

function extentOf(grants: readonly Grant[], action: GrantAction): Extent {
  const events = (effect: Grant['effect']) =>
    grants
      .filter((grant) => grant.effect === effect && gives(grant, action))
      .map((grant) => grant.events);
  return difference(events('ALLOW'), events('DENY'));
}

/** The events about management are read by READ_AUDIT alone, whatever READ says of their namespace. */
function readExtent(grants: readonly Grant[]): Extent {
  const plain = extentOf(grants, 'READ');
  const ofAudit = extentOf(grants, 'READ_AUDIT');
  if (plain === 'ALL' && ofAudit === 'ALL') return 'ALL';
  const readable = plain === 'NONE' ? [] : [withoutAudit(plain)];
  const audited = ofAudit === 'NONE' ? [] : [onlyAudit(ofAudit)];
  return difference([...readable, ...audited], []);
}

/** As it is where it does not reach the namespace of the audit, so that it stays a filter that an index serves. */
function withoutAudit(extent: Exclude<Extent, 'NONE'>): Filter {
  if (extent === 'ALL') return { not: auditEvents };
  const { namespaces, namespaceGlobs } = extent;
  const reached =
    namespaces?.includes(auditNamespace) ??
    namespaceGlobs?.some((glob) => compileGlob(glob)(auditNamespace)) ??
    true;
  return reached ? { all: [extent, { not: auditEvents }] } : extent;
}

const onlyAudit = (extent: Exclude<Extent, 'NONE'>): Filter =>
  extent === 'ALL' ? auditEvents : { all: [extent, auditEvents] };

function matcherOf(extent: Extent): ReportMatcher {
  if (extent === 'ALL') return () => true;
  return extent === 'NONE' ? () => false : compileFilter(extent);
}

/**
 * A field is kept back of all events where one of the grants that allow reading hides it, unless another shows all events
 * whole.
 */
function hiddenBy(grants: readonly Grant[]): ReadonlySet<HiddenField> {
  const reading = grants.filter((grant) => grant.effect === 'ALLOW' && gives(grant, 'READ'));
  if (reading.some(({ events, hide }) => hide.length === 0 && isEverything(events))) {
    return new Set();
  }
  return new Set(reading.flatMap(({ hide }) => hide).sort());
}

function mayIn(grants: readonly Grant[], action: GrantAction, namespace: string): boolean {
  const covering = grants.filter(
    (grant) =>
      gives(grant, action) && grant.namespaces.some((glob) => compileGlob(glob)(namespace)),
  );
  return (
    covering.some(({ effect }) => effect === 'ALLOW') &&
    !covering.some(
      ({ effect, topics, filter }) => effect === 'DENY' && topics.includes('*') && filter === null,
    )
  );
}

const keyOf = (rights: object): string =>
  createHash('sha256').update(JSON.stringify(rights)).digest('base64url');

/** The rights of the gateway itself. */
export const openScope = compileScope(
  [...openPolicy.roles.values()].flatMap(({ grants }) => grants),
);
