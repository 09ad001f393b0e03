import { complete, type IndexedReport, withPart } from '../../event/completion.ts';
import type { Event } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import type { Written } from '../../journal/event-log.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { PreparedStatement, Query } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import { isRefusal, messageOf } from '../database/outage.ts';
import { columns, partsOf, partsSelect, rowOf, rowsIn } from '../read/event-rows.ts';
import { KnownTypes, type News } from './known-types.ts';

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
  UPDATE journal_state SET stored_index = $2
  WHERE stored_index = $1 AND ($3::text IS NULL OR (holder = $3 AND lease_until > clock_timestamp()))
  RETURNING true
)`;

/** A row that is there already is one that was read and completed; else it repeats a report, and stands. */
const written = `, written AS (
  INSERT INTO events (${columns.join(', ')})
  ${rowsIn('$4')}
  WHERE EXISTS (SELECT FROM moved)
  ON CONFLICT (id) DO UPDATE
  SET (${columns.join(', ')}) = ROW(${columns.map((column) => `excluded.${column}`).join(', ')})
  WHERE excluded.parts IS NOT NULL
)`;

const recorded = `, types AS (
  INSERT INTO event_types (namespace, category, action) SELECT namespace, category, action
  FROM jsonb_to_recordset($5::jsonb) AS given(namespace text, category text, action text)
  WHERE EXISTS (SELECT FROM moved)
  ON CONFLICT DO NOTHING
), traits AS (
  INSERT INTO event_traits (namespace, event_type, name, type) SELECT namespace, event_type, name, type
  FROM jsonb_to_recordset($6::jsonb) AS given(namespace text, event_type text, name text, type text)
  WHERE EXISTS (SELECT FROM moved)
  ON CONFLICT DO NOTHING
)`;

const refused = `, refused AS (
  INSERT INTO events_refused (index, body, reason)
  SELECT $2, $4, $5 WHERE EXISTS (SELECT FROM moved)
)`;

const answer = ' SELECT EXISTS (SELECT FROM moved)';

const writeEvents: PreparedStatement = {
  name: 'tidings_write_events',
  text: moved + written + answer,
};

/** The same, with types and traits that were not seen before. */
const writeNews = moved + written + recorded + answer;

/** The write side of the events table. */
export class EventWriter {
  readonly #database: Database;
  readonly #log: Log;
  readonly #seen = new KnownTypes();
  #last: Promise<unknown> = Promise.resolve();
  #refused = 0;

  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** How many parts the database has refused for what they say. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Writes parts and moves the stored index, all in one statement; one before it reads the events that may be known.
   * Null when it is not the writer's turn: then nothing was written. One write at a time, in the order of the calls.
   */
  write(parts: readonly IndexedReport[], turn: Turn): Promise<Written[] | null> {
    // While the database is busy with an earlier one, all is made ready that does not depend on it.
    const ready = parts.every(({ report }) => report.generatedId)
      ? prepare(parts, new Map())
      : null;
    const result = this.#last.then(() => this.#write(parts, turn, ready));
    this.#last = result.catch(() => null);
    return result;
  }

  async #write(
    parts: readonly IndexedReport[],
    turn: Turn,
    ready: Prepared | null = null,
  ): Promise<Written[] | null> {
    const { rows, events, written } = ready ?? prepare(parts, await this.#known(parts));
    if (rows.length > statementLength && parts.length > 1) return this.#writeHalves(parts, turn);
    const news = this.#seen.newsIn(events);
    try {
      if (!(await this.#insert(rows, news, turn))) return null;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (parts.length > 1) return this.#writeHalves(parts, turn);
      const reason = messageOf(error);
      if (!(await this.#refuse(parts, reason, turn))) return null;
      return written.map((each) => ({ ...each, refused: reason }));
    }
    if (news !== null) this.#seen.add(news);
    return written;
  }

  /** The parts of the events that are in the table already; an id that was made here cannot be. */
  async #known(parts: readonly IndexedReport[]): Promise<Map<string, readonly IndexedReport[]>> {
    const given = parts.filter(({ report }) => !report.generatedId).map(({ report }) => report.id);
    return given.length === 0 ? new Map() : readParts(this.#database.write, given);
  }

  async #insert(rows: string, news: News | null, turn: Turn): Promise<boolean> {
    const parameters = [turn.from, turn.to, turn.holder, rows];
    if (news !== null) parameters.push(JSON.stringify(news.types), JSON.stringify(news.traits));
    const statement = news === null ? writeEvents : writeNews;
    const [row] = await this.#database.write(statement, parameters);
    return row?.[0] === 't';
  }

  /** Each half on its own: what is too long or refused is found, and the rest is written. */
  async #writeHalves(parts: readonly IndexedReport[], turn: Turn): Promise<Written[] | null> {
    const middle = Math.ceil(parts.length / 2);
    const between = parts[middle - 1]?.index ?? turn.from;
    const first = await this.#write(parts.slice(0, middle), { ...turn, to: between });
    if (first === null) return null;
    const second = await this.#write(parts.slice(middle), { ...turn, from: between });
    if (second === null) throw new Unavailable('Another process has taken over in the middle.');
    return [...first, ...second];
  }

  async #refuse([part]: readonly IndexedReport[], reason: string, turn: Turn): Promise<boolean> {
    const body = stringifyJson(part?.report);
    const parameters = [turn.from, turn.to, turn.holder, body, reason];
    const [row] = await this.#database.write(moved + refused + answer, parameters);
    if (row?.[0] !== 't') return false;
    this.#refused += 1;
    this.#log.error(
      { index: part?.index, id: part?.report.id, reason },
      'The database refused an event; it is kept in events_refused.',
    );
    return true;
  }
}

const partsByIds: PreparedStatement = {
  name: 'tidings_parts_by_ids',
  text: partsSelect('events WHERE id = ANY($1::uuid[])'),
};

/** The reports known under each of the ids. */
export async function readParts(
  query: Query,
  ids: readonly string[],
): Promise<Map<string, readonly IndexedReport[]>> {
  return partsOf(await query(partsByIds, [ids]));
}

interface Prepared {
  /** The rows to insert, or to put in place of those that are there, as JSON. */
  readonly rows: string;
  readonly events: readonly Event[];
  readonly written: Written[];
}

/** The events that the parts make together with what is known, and what each part did. */
function prepare(
  parts: readonly IndexedReport[],
  known: Map<string, readonly IndexedReport[]>,
): Prepared {
  const changed = new Map<string, { event: Event; parts: readonly IndexedReport[] }>();
  const written = parts.map((part): Written => {
    const { id } = part.report;
    const before = known.get(id) ?? [];
    const after = withPart(before, part);
    if (after === null) return { event: complete(before), changed: false };
    known.set(id, after);
    const event = complete(after);
    changed.set(id, { event, parts: after });
    return { event, changed: true };
  });
  const last = [...changed.values()];
  return {
    rows: stringifyJson(last.map(({ parts }) => rowOf(parts))),
    events: last.map(({ event }) => event),
    written,
  };
}
