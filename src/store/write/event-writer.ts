import { complete, type IndexedReport, withReport } from '../../event/completion.ts';
import type { Event } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import { idConflict } from '../../journal/append-outcome.ts';
import type { Written } from '../../journal/event-log.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { Parameter, PreparedStatement, Query } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import { isRefusal, messageOf } from '../database/outage.ts';
import { columns, reportsOf, reportsSelect, rowOf, rowsIn } from '../read/event-rows.ts';
import { changeColumns, countChanges, EmptiedCounts, emptiedCounts } from './event-counts.ts';
import { KnownTypes, type News } from './known-types.ts';
import { leaseSql } from './lease.ts';

/** Characters of JSON in one statement; PostgreSQL takes 256 MB. */
const statementLength = 16 * 1024 * 1024;

/** From where to where the stored index moves, and who must hold the lease for it; null where nobody needs to. */
export interface Turn {
  readonly from: number;
  readonly to: number;
  readonly holder: string | null;
}

/** Nothing else in the statement happens unless the stored index is where the turn begins. */
const moved = `WITH moved AS (
  UPDATE journal_state SET stored_index = $2, counted_to = counted_to + $2 - stored_index
  WHERE stored_index = $1 AND ($3::text IS NULL OR ${leaseSql.isHeldBy('$3')})
  RETURNING rolled_index, partition AS current_partition
)`;

/**
 * Rows of new events. No other event has their ids: those that reporters gave were looked up. A report whose id was made here may be
 * repeated within seconds: then the event is in the current partition or in the one before it, and is kept.
 */
const newEvents = `, repeated AS (
  SELECT id FROM events WHERE id = ANY($5::uuid[]) AND partition >= (SELECT current_partition - 1 FROM moved)
), written AS (
  INSERT INTO events (${columns.join(', ')}, partition)
  SELECT given.*, current_partition FROM (${rowsIn('$4')}) AS given CROSS JOIN moved
  WHERE given.id NOT IN (SELECT id FROM repeated)
)`;

/**
 * The same, with events that may be there and counted: these are taken out of the counts, and RollupFill counts them again
 * as they are now, under their new index. They move to the current partition, after all of them were deleted: it may be theirs already.
 * Retention may delete a row meanwhile: then the event is a new one.
 */
const completion = `, repeated AS (
  SELECT id FROM events WHERE id = ANY($5::uuid[]) AND partition >= (SELECT current_partition - 1 FROM moved)
), old AS (
  DELETE FROM events WHERE EXISTS (SELECT FROM moved) AND id = ANY($6::uuid[]) RETURNING index, ${changeColumns}
), written AS (
  INSERT INTO events (${columns.join(', ')}, partition)
  SELECT given.*, current_partition
  FROM (${rowsIn('$4')}) AS given CROSS JOIN moved CROSS JOIN (SELECT count(*) FROM old) AS deleted
  WHERE given.id NOT IN (SELECT id FROM repeated)
), changes AS (
  SELECT ${changeColumns}, -1 AS count FROM old, moved WHERE index <= rolled_index
)${countChanges}`;

const recorded = `, types AS (
  INSERT INTO event_types (namespace, category, action) SELECT namespace, category, action
  FROM jsonb_to_recordset($7::jsonb) AS given(namespace text, category text, action text)
  WHERE EXISTS (SELECT FROM moved)
  ON CONFLICT DO NOTHING
), traits AS (
  INSERT INTO event_traits (namespace, event_type, name, type) SELECT namespace, event_type, name, type
  FROM jsonb_to_recordset($8::jsonb) AS given(namespace text, event_type text, name text, type text)
  WHERE EXISTS (SELECT FROM moved)
  ON CONFLICT DO NOTHING
)`;

/** Reports that are not in `events`, with the reason. */
const setAside = (parameter: string) => `, aside AS (
  INSERT INTO events_refused (index, body, reason)
  SELECT index, body, reason
  FROM jsonb_to_recordset(${parameter}::jsonb) AS given(index bigint, body text, reason text)
  WHERE EXISTS (SELECT FROM moved)
)`;

const answer = ' SELECT EXISTS (SELECT FROM moved)';

const answerCounted = `${answer}, ${emptiedCounts}`;

const writeEvents: PreparedStatement = {
  name: 'tidings_write_events',
  text: moved + newEvents + answer,
};

const writeCompleted: PreparedStatement = {
  name: 'tidings_write_completed',
  text: moved + completion + answerCounted,
};

/** The same, with types and traits that were not seen before. */
const writeNews = moved + completion + recorded + answerCounted;

/** The same, with reports of ids that other namespaces own. */
const writeConflicts = moved + completion + recorded + setAside('$9') + answerCounted;

const writeRefused = moved + setAside('$4') + answer;

/** The write side of the events table. */
export class EventWriter {
  /** Called back with each report that is set aside because its id belongs to an event of another namespace. */
  onConflict: (conflict: IndexedReport) => void = () => {};
  readonly #database: Database;
  readonly #log: Log;
  readonly #seen = new KnownTypes();
  readonly #conflicting: SkipCounter;
  readonly #emptied: EmptiedCounts;
  #last: Promise<unknown> = Promise.resolve();
  #refused = 0;

  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
    this.#emptied = new EmptiedCounts(database.write);
    this.#conflicting = new SkipCounter(
      log,
      'Reports are set aside in events_refused: their ids belong to events of other namespaces.',
    );
  }

  /** The number of reports that are in events_refused because the database rejected their content. */
  get refused(): number {
    return this.#refused;
  }

  /** The number of reports that were set aside because their ids belong to events of other namespaces. */
  get conflicting(): number {
    return this.#conflicting.count;
  }

  /**
   * Writes reports and moves the stored index, all in one statement; one before it reads the events that may be known.
   * Null when it is not the writer's turn: then nothing was written. One write at a time, in the order of the calls.
   */
  write(reports: readonly IndexedReport[], turn: Turn): Promise<Written[] | null> {
    // While the database is busy with an earlier one, all is made ready that does not depend on it.
    const ready = reports.every(({ report }) => report.generatedId)
      ? prepare(reports, new Map())
      : null;
    const result = this.#last.then(() => this.#write(reports, turn, ready));
    this.#last = result.catch(() => null);
    return result;
  }

  async #write(
    reports: readonly IndexedReport[],
    turn: Turn,
    ready: Prepared | null = null,
  ): Promise<Written[] | null> {
    const { rows, events, fresh, completed, written } =
      ready ?? prepare(reports, await this.#known(reports));
    const conflicting = toSetAside(reports, written, turn);
    const aside = conflicting.length === 0 ? '' : asideRows(conflicting, idConflict.message);
    if (rows.length + aside.length > statementLength && reports.length > 1) {
      return this.#writeHalves(reports, turn);
    }
    const news = this.#seen.newsIn(events);
    try {
      if (!(await this.#insert({ rows, fresh, completed, news, aside }, turn))) return null;
    } catch (error) {
      return this.#writeRejected(error, reports, written, turn);
    }
    if (news !== null) this.#seen.add(news);
    this.#countConflicting(conflicting);
    return written;
  }

  #countConflicting(conflicting: readonly IndexedReport[]): void {
    for (const conflict of conflicting) {
      const { index, report } = conflict;
      const { id, namespace } = report;
      const sample = Buffer.from(JSON.stringify({ index, id, namespace }));
      this.#conflicting.skip(sample, idConflict.message);
      this.onConflict(conflict);
    }
  }

  async #writeRejected(
    error: unknown,
    reports: readonly IndexedReport[],
    written: readonly Written[],
    turn: Turn,
  ): Promise<Written[] | null> {
    if (!isRefusal(error)) throw error;
    if (reports.length > 1) return this.#writeHalves(reports, turn);
    const reason = messageOf(error);
    if (!(await this.#setAside(reports, reason, turn))) return null;
    return written.map((each) => ({ ...each, refused: reason }));
  }

  /** The reports of the events that are in the table already; an id that was made here cannot be. */
  async #known(reports: readonly IndexedReport[]): Promise<Map<string, readonly IndexedReport[]>> {
    const given = reports
      .filter(({ report }) => !report.generatedId)
      .map(({ report }) => report.id);
    return given.length === 0 ? new Map() : readReports(this.#database.write, given);
  }

  async #insert({ rows, fresh, completed, news, aside }: Inserted, turn: Turn): Promise<boolean> {
    const parameters: Parameter[] = [turn.from, turn.to, turn.holder, rows, fresh];
    const isPlain = news === null && aside === '';
    if (completed.length > 0 || !isPlain) parameters.push(completed);
    if (!isPlain) {
      const { types, traits } = news ?? nothingNew;
      parameters.push(JSON.stringify(types), JSON.stringify(traits));
    }
    if (aside !== '') parameters.push(aside);
    const statement = statementOf({ completed, news, aside });
    const [row] = await this.#database.write(statement, parameters);
    // What was written stays written, whatever becomes of rows that nothing reads.
    await this.#emptied.add(row?.[1]).catch(() => {});
    return row?.[0] === 't';
  }

  /** Each half on its own: the report that is too long or rejected is found, and the rest is written. */
  async #writeHalves(reports: readonly IndexedReport[], turn: Turn): Promise<Written[] | null> {
    const middle = Math.ceil(reports.length / 2);
    const between = reports[middle - 1]?.index ?? turn.from;
    const first = await this.#write(reports.slice(0, middle), { ...turn, to: between });
    if (first === null) return null;
    const second = await this.#write(reports.slice(middle), { ...turn, from: between });
    if (second === null) throw new Unavailable('Another process has taken over during the write.');
    return [...first, ...second];
  }

  async #setAside(reports: readonly IndexedReport[], reason: string, turn: Turn): Promise<boolean> {
    const parameters = [turn.from, turn.to, turn.holder, asideRows(reports, reason)];
    const [row] = await this.#database.write(writeRefused, parameters);
    if (row?.[0] !== 't') return false;
    const [rejected] = reports;
    this.#refused += 1;
    this.#log.error(
      { index: rejected?.index, id: rejected?.report.id, reason },
      'The database rejected an event; it is kept in events_refused.',
    );
    return true;
  }
}

interface Inserted {
  /** The rows of events, as JSON. */
  readonly rows: string;
  /** The ids of events that one report makes. */
  readonly fresh: readonly string[];
  /** The ids of events that several reports make: they may be in the table already. */
  readonly completed: readonly string[];
  readonly news: News | null;
  /** The rows of events_refused, as JSON; empty where there are none. */
  readonly aside: string;
}

const nothingNew: News = { types: [], traits: [] };

function statementOf({
  completed,
  news,
  aside,
}: Omit<Inserted, 'rows' | 'fresh'>): PreparedStatement | string {
  if (aside !== '') return writeConflicts;
  if (news !== null) return writeNews;
  return completed.length > 0 ? writeCompleted : writeEvents;
}

/** The reports in conflict, where they were acknowledged: the embedded journal still answers its reporters. */
const toSetAside = (
  reports: readonly IndexedReport[],
  written: readonly Written[],
  { holder }: Turn,
): readonly IndexedReport[] =>
  holder === null ? [] : reports.filter((_, at) => written[at]?.conflict === true);

/** Rows of events_refused as JSON. The body is JSON in a string, so that it is kept as it is. */
const asideRows = (reports: readonly IndexedReport[], reason: string): string =>
  JSON.stringify(
    reports.map(({ index, report }) => ({ index, body: stringifyJson(report), reason })),
  );

const reportsByIds: PreparedStatement = {
  name: 'tidings_reports_by_ids',
  text: reportsSelect('events WHERE id = ANY($1::uuid[])'),
};

/** The reports known under each of the ids. */
export async function readReports(
  query: Query,
  ids: readonly string[],
): Promise<Map<string, readonly IndexedReport[]>> {
  return reportsOf(await query(reportsByIds, [ids]));
}

interface Prepared {
  /** The rows to insert, or to replace existing ones with, as JSON. */
  readonly rows: string;
  readonly events: readonly Event[];
  /** The ids of those that one report makes. */
  readonly fresh: readonly string[];
  /** The ids of those that several reports make. */
  readonly completed: readonly string[];
  readonly written: Written[];
}

/** The events that the reports make together with what is known, and the result of each report. */
function prepare(
  reports: readonly IndexedReport[],
  known: Map<string, readonly IndexedReport[]>,
): Prepared {
  const changed = new Map<string, { event: Event; reports: readonly IndexedReport[] }>();
  const written = reports.map((next): Written => {
    const { id } = next.report;
    const before = known.get(id) ?? [];
    const after = withReport(before, next);
    if (after === 'DUPLICATE') return { event: complete(before), changed: false };
    if (after === 'CONFLICT') return { event: complete(before), changed: false, conflict: true };
    known.set(id, after);
    const event = complete(after);
    changed.set(id, { event, reports: after });
    return { event, changed: true };
  });
  const last = [...changed.values()];
  const idsOf = (isCompleted: boolean) =>
    last.filter(({ reports }) => reports.length > 1 === isCompleted).map(({ event }) => event.id);
  return {
    rows: stringifyJson(last.map(({ event, reports }) => rowOf(event, reports))),
    events: last.map(({ event }) => event),
    fresh: idsOf(false),
    completed: idsOf(true),
    written,
  };
}
