import { isAudit } from './audit.ts';
import {
  defaultCategory,
  type Event,
  type EventSource,
  type Json,
  type Report,
  type Trait,
  typeOf,
} from './event.ts';
import { stringifyJson } from './json.ts';
import { traceparentTrait } from './traceparent.ts';

/** A report and its index in the journal. */
export interface IndexedReport {
  readonly index: number;
  readonly report: Report;
}

/** The moment a report is about: a report of an end is later than one of a beginning. */
const momentOf = ({ report }: IndexedReport): number => report.endTime ?? report.time;

/** Earlier reports first. The journal's order decides only between reports of the same moment. */
const byMoment = (a: IndexedReport, b: IndexedReport): number =>
  momentOf(a) - momentOf(b) || a.index - b.index;

/**
 * The event that the reports of one id and namespace make together. It has the earliest time and the latest endTime,
 * a later non-empty field replaces an earlier one, and tags, filter keys and traits are united. The later report is
 * the one about the later moment, so the result does not depend on the order of arrival.
 */
export function complete(reports: readonly IndexedReport[]): Event {
  const [only, ...others] = reports;
  const { index, report } = only !== undefined && others.length === 0 ? only : united(reports);
  // Field by field: every event passes here, and a copy by spreading takes several times as long.
  return {
    id: report.id,
    namespace: report.namespace,
    category: report.category,
    action: report.action,
    type: typeOf(report),
    severity: report.severity ?? 'NORMAL',
    source: report.source,
    key: report.key,
    filterKeys: report.filterKeys,
    message: report.message,
    tags: report.tags,
    traits: report.traits,
    value: report.value,
    time: report.time,
    endTime: report.endTime,
    recordedAt: report.recordedAt,
    dialect: report.dialect,
    raw: report.raw,
    index,
  };
}

/** The content of all the reports as one report, with the index of the latest. In time linear in their size. */
function united(reports: readonly IndexedReport[]): IndexedReport {
  const sorted = reports.toSorted(byMoment).map(({ report }) => report);
  const [first, ...later] = sorted;
  if (first === undefined) throw new Error('an event is made of at least one report');
  const traits = new Map(
    sorted.flatMap((report) => report.traits.map((trait) => [trait.name, trait])),
  );
  return {
    index: reports.reduce((latest, { index }) => Math.max(latest, index), 0),
    report: {
      ...later.reduce(overlay, first),
      generatedId: false,
      filterKeys: [...new Set(sorted.flatMap(({ filterKeys }) => filterKeys))],
      tags: [...new Set(sorted.flatMap(({ tags }) => tags))],
      traits: [...traits.values()],
    },
  };
}

/** The fields that a later report replaces. */
function overlay(under: Report, over: Report): Report {
  const named = over.category !== defaultCategory || over.action !== null;
  return {
    ...under,
    category: named ? over.category : under.category,
    action: named ? over.action : under.action,
    severity: over.severity ?? under.severity,
    source: overlaySource(under.source, over.source),
    key: over.key ?? under.key,
    message: over.message ?? under.message,
    value: over.value ?? under.value,
    time: Math.min(under.time, over.time),
    endTime: latest(under.endTime, over.endTime),
    recordedAt: Math.max(under.recordedAt, over.recordedAt),
    dialect: over.dialect,
    raw: over.raw ?? under.raw,
  };
}

function overlaySource(under: EventSource, over: EventSource): EventSource {
  return {
    service: over.service ?? under.service,
    instance: over.instance ?? under.instance,
    endpoint: over.endpoint ?? under.endpoint,
    node: over.node ?? under.node,
    component: over.component ?? under.component,
    plane: over.plane ?? under.plane,
    layer: over.layer ?? under.layer,
  };
}

const latest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);

/**
 * True when one report repeats the other. When they were recorded, whether Tidings made the id, and the trace in which
 * they were sent does not count: a client that repeats a request does so in a span of its own.
 */
export function sameReport(a: Report, b: Report): boolean {
  // Most reports of an event differ in one of these, and a fingerprint takes a hundred times as long.
  if (a.time !== b.time || a.endTime !== b.endTime || a.message !== b.message) return false;
  if (a.tags.length !== b.tags.length) return false;
  // One of them may have a traceparent as well.
  if (Math.abs(a.traits.length - b.traits.length) > 1) return false;
  return fingerprint(a) === fingerprint(b);
}

/**
 * The content of a report as a string: equal for repeats, whatever the order of an object's members. Field by field,
 * because it is on the way of every report whose id the reporter gave.
 */
export function fingerprint(report: Report): string {
  const { service, instance, endpoint, node, component, plane, layer } = report.source;
  return stringifyJson([
    [report.id, report.namespace, report.category, report.action, report.severity],
    [service, instance, endpoint, node, component, plane, layer],
    [report.key, report.filterKeys, report.message, report.tags],
    saidBy(report.traits),
    [report.time, report.endTime, report.dialect],
    [sorted(report.value), sorted(report.raw)],
  ]);
}

function saidBy(traits: readonly Trait[]) {
  const said: (string | number)[][] = [];
  for (const { name, type, value } of traits) {
    if (name !== traceparentTrait) said.push([name, type, value]);
  }
  return said;
}

function sorted(json: Json): Json {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(sorted);
  const members = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, value]) => [name, sorted(value)]));
}

/** The most reports of one event that are kept; of more, the two about the earliest moments become one. */
export const maxReports = 64;

/** A report that changes nothing: it repeats an earlier one, or its id belongs to an event that it must not change. */
export type Unchanged = 'DUPLICATE' | 'CONFLICT';

/**
 * The reports of an event after the next one in the journal's order. The namespace of the first report owns the
 * event: a report of any other namespace never becomes a part of it. Nothing changes an event about the gateway's own
 * management. Every place that completes events decides here.
 */
export function withReport(
  reports: readonly IndexedReport[],
  next: IndexedReport,
): readonly IndexedReport[] | Unchanged {
  const [first] = reports;
  if (first === undefined) return [next];
  if (first.report.namespace !== next.report.namespace) return 'CONFLICT';
  const known = reports.some(
    ({ index, report }) => index === next.index || sameReport(report, next.report),
  );
  if (known) return 'DUPLICATE';
  if (isAudit(first.report)) return 'CONFLICT';
  const all = [...reports, next];
  if (all.length <= maxReports) return all;
  const [earliest, second, ...rest] = all.toSorted(byMoment) as [
    IndexedReport,
    IndexedReport,
    ...IndexedReport[],
  ];
  return [united([earliest, second]), ...rest];
}

/**
 * Of the reports of an id, those of the owner: for whoever may have taken a later report for the first one, because
 * it did not know the earlier ones.
 */
export function ofOwner(reports: readonly IndexedReport[]): readonly IndexedReport[] {
  const [some] = reports;
  if (some === undefined) return reports;
  const { namespace } = reports.reduce((a, b) => (b.index < a.index ? b : a), some).report;
  return reports.filter(({ report }) => report.namespace === namespace);
}
