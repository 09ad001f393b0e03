import {
  defaultCategory,
  defaultNamespace,
  type Event,
  type EventSource,
  type Json,
  type Report,
  type Trait,
  typeOf,
} from './event.ts';
import { stringifyJson } from './json.ts';

/** A report and its place in the journal. */
export interface IndexedReport {
  readonly index: number;
  readonly report: Report;
}

/** The moment a report speaks of: a report of an end speaks later than one of a beginning. */
const momentOf = ({ report }: IndexedReport): number => report.endTime ?? report.time;

/** Earlier reports first. The journal's order decides only between reports of one moment. */
const byMoment = (a: IndexedReport, b: IndexedReport): number =>
  momentOf(a) - momentOf(b) || a.index - b.index;

/**
 * The event that the reports under one id make together: the earliest time and the latest endTime stand,
 * a later non-empty field is laid over an earlier one, tags, filter keys and traits are united. Later is
 * the report that speaks of the later moment, so the result does not depend on the order of arrival.
 */
export function complete(parts: readonly IndexedReport[]): Event {
  const [only, ...others] = parts;
  const { index, report } = only !== undefined && others.length === 0 ? only : united(parts);
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

/** All that the parts say, as one part at the place of the latest. */
function united(parts: readonly IndexedReport[]): IndexedReport {
  const [first, ...later] = parts.toSorted(byMoment);
  if (first === undefined) throw new Error('an event is made of at least one report');
  return {
    index: parts.reduce((latest, { index }) => Math.max(latest, index), first.index),
    report: later.reduce((under, { report }) => overlay(under, report), first.report),
  };
}

function overlay(under: Report, over: Report): Report {
  const named = over.category !== defaultCategory || over.action !== null;
  return {
    id: under.id,
    generatedId: false,
    namespace: over.namespace === defaultNamespace ? under.namespace : over.namespace,
    category: named ? over.category : under.category,
    action: named ? over.action : under.action,
    severity: over.severity ?? under.severity,
    source: overlaySource(under.source, over.source),
    key: over.key ?? under.key,
    filterKeys: union(under.filterKeys, over.filterKeys),
    message: over.message ?? under.message,
    tags: union(under.tags, over.tags),
    traits: overlayTraits(under.traits, over.traits),
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

function overlayTraits(under: readonly Trait[], over: readonly Trait[]): readonly Trait[] {
  const traits = new Map(under.map((trait) => [trait.name, trait]));
  for (const trait of over) traits.set(trait.name, trait);
  return [...traits.values()];
}

const union = (under: readonly string[], over: readonly string[]): readonly string[] => [
  ...new Set([...under, ...over]),
];

const latest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);

/**
 * True when two reports say the same: a repeat, which changes nothing. When they were recorded, and
 * whether Tidings made the id, is not a part of what they say.
 */
export function sameReport(a: Report, b: Report): boolean {
  return fingerprint(a) === fingerprint(b);
}

/**
 * What a report says, as text: equal for repeats whatever the order of an object's members. Field by field,
 * because it is on the way of every report whose id the reporter gave.
 */
export function fingerprint(report: Report): string {
  const { service, instance, endpoint, node, component, plane, layer } = report.source;
  return stringifyJson([
    [report.id, report.namespace, report.category, report.action, report.severity],
    [service, instance, endpoint, node, component, plane, layer],
    [report.key, report.filterKeys, report.message, report.tags],
    report.traits.map(({ name, type, value }) => [name, type, value]),
    [report.time, report.endTime, report.dialect],
    [sorted(report.value), sorted(report.raw)],
  ]);
}

function sorted(json: Json): Json {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(sorted);
  const members = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, value]) => [name, sorted(value)]));
}

/** How many reports of one event are kept apart; beyond it the two that speak of the earliest moments become one. */
export const maxParts = 64;

/** The reports of an event after one more: null when it repeats one of them and changes nothing. */
export function withPart(
  parts: readonly IndexedReport[],
  part: IndexedReport,
): readonly IndexedReport[] | null {
  if (parts.length === 0) return [part];
  const known = parts.some(
    ({ index, report }) => index === part.index || sameReport(report, part.report),
  );
  if (known) return null;
  const all = [...parts, part];
  if (all.length <= maxParts) return all;
  const [first, second, ...rest] = all.toSorted(byMoment) as [
    IndexedReport,
    IndexedReport,
    ...IndexedReport[],
  ];
  return [united([first, second]), ...rest];
}
