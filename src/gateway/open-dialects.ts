import type { DeclaredRules } from '../alarms/declared-rules.ts';
import type { Config } from '../config/config.ts';
import type { Identify } from '../dialects/caller.ts';
import type {
  AlarmWindows,
  DialectContext,
  HttpDialect,
  OpenDialect,
  Totals,
} from '../dialects/dialect.ts';
import { dialectDefinitions } from '../dialects/registry.ts';
import type { Source } from '../dialects/source.ts';
import { InputError } from '../event/input-error.ts';
import type { DialectServices } from '../graphql/context.ts';
import type { Certificate } from '../http/certificate.ts';
import type { NatsLink } from '../nats/connection.ts';
import type { DeclaredSinks } from '../sinks/declared-sinks.ts';
import type { Encoder } from '../sinks/encoder.ts';
import type { Parts } from './parts.ts';

/** Messages of a source that are reported in one call, where the limits allow as many. */
const maxBatch = 500;

/** Given to all dialects. */
interface Shared {
  readonly identify: Identify | null;
  readonly certificate: Certificate | null;
  readonly nats: NatsLink | null;
  readonly totals: Totals;
  readonly alarmWindows: AlarmWindows;
}

/** The dialects of a running gateway. */
export class OpenDialects {
  /** By name. */
  readonly #open: ReadonlyMap<string, OpenDialect>;
  readonly #sources: Source[] = [];

  private constructor(open: ReadonlyMap<string, OpenDialect>) {
    this.#open = open;
  }

  /** @throws Error with a sentence where one cannot be opened */
  static async open(
    config: Config,
    context: DialectContext,
    sourceContext: (dialect: string) => DialectContext,
    shared: Shared,
  ): Promise<OpenDialects> {
    const open = new Map<string, OpenDialect>();
    for (const dialect of dialectDefinitions) {
      const settings = {
        values: config.dialectValues,
        http: config.dialects.includes(dialect.name),
        host: config.host,
        maxBodyBytes: config.http.maxBodyBytes,
        maxEvents: config.intake.events,
        maxBatch: Math.min(maxBatch, config.intake.events),
        sourceContext: sourceContext(dialect.name),
        ...shared,
      };
      open.set(dialect.name, await dialect.open(context, settings));
    }
    return new OpenDialects(open);
  }

  /** The HTTP interfaces that are on. */
  get http(): readonly HttpDialect[] {
    return this.#all.flatMap(({ http }) => http ?? []);
  }

  /** What the fields of the schema that dialects added need. */
  get services(): DialectServices {
    return Object.assign({}, ...this.#all.map(({ services }) => services));
  }

  /** The formats in which sinks can send events. */
  get encoders(): readonly Encoder[] {
    return this.#all.flatMap(({ encoders }) => encoders ?? []);
  }

  /** The sources that bring events in. */
  get sources(): readonly Source[] {
    return this.#sources;
  }

  /** @throws Error with a sentence where one cannot begin: another process has its port */
  async openSources(parts: Parts): Promise<void> {
    for (const open of this.#all.flatMap(({ listeners }) => listeners ?? [])) {
      parts.add(await open());
    }
    for (const open of this.#all.flatMap(({ sources }) => sources ?? [])) {
      this.#sources.push(parts.add(await open()));
    }
  }

  async reload(): Promise<void> {
    await Promise.all(this.#all.map((dialect) => dialect.reload?.()));
  }

  /** Declares the sinks of the dialects' files. @throws Error for the first that cannot be declared */
  declareSinks(declared: DeclaredSinks): void {
    for (const [name, dialect] of this.#open) {
      if (dialect.declaredSinks === undefined) continue;
      try {
        declared.declare(name, dialect.declaredSinks());
      } catch (error) {
        throw error instanceof InputError ? (dialect.declaredSinkError?.(error) ?? error) : error;
      }
    }
  }

  /** Declares the rules of the dialects' files. */
  declareRules(declared: DeclaredRules): void {
    for (const [name, dialect] of this.#open) {
      if (dialect.declaredRules !== undefined) declared.declare(name, dialect.declaredRules());
    }
  }

  get #all(): readonly OpenDialect[] {
    return [...this.#open.values()];
  }
}
