import { parseDuration } from '../event/duration.ts';
import type { Filter } from '../event/filter.ts';
import { compileGlob, isLiteral } from '../event/glob.ts';
import { InputError } from '../event/input-error.ts';
import { millisecondOf, parseInstant } from '../event/instant.ts';
import type { Grant, Policy, Role } from './policy.ts';
import type { PolicyFile } from './policy-schema.ts';
import { digestOf } from './token.ts';

/** The path of a value in the file: roles, reader, grants, 0. */
export type Path = readonly (string | number)[];

export interface PolicyFault {
  readonly path: Path;
  readonly message: string;
}

/** Parses an EventFilter in the form of the API. @throws InputError */
export type ParseFilter = (filter: unknown, path: readonly string[]) => Filter;

type GivenRole = PolicyFile['roles'][string];
type GivenGrant = GivenRole['grants'][number];

/** What the file says, once its form is right; what is wrong with it is gathered in `faults`. */
export class PolicyReader {
  readonly faults: PolicyFault[] = [];
  readonly #file: PolicyFile;
  readonly #parseFilter: ParseFilter;

  constructor(file: PolicyFile, parseFilter: ParseFilter) {
    this.#file = file;
    this.#parseFilter = parseFilter;
  }

  read(): Policy {
    const { roles, tokens, jwt } = this.#file;
    this.#checkRepeated(
      tokens.map(({ sha256 }) => sha256.toLowerCase()),
      'tokens',
      'sha256',
    );
    this.#checkRepeated(
      jwt.map(({ issuer }) => issuer),
      'jwt',
      'issuer',
    );
    return {
      roles: new Map(
        Object.entries(roles).map(([name, role]) => [name, this.#role(name, role)] as const),
      ),
      tokens: tokens.map((token, place) => {
        if (token.sha256.toLowerCase() === digestOf('')) {
          this.#fault(['tokens', place, 'sha256'], 'It is the digest of an empty secret.');
        }
        this.#checkRoles(token.roles, ['tokens', place, 'roles']);
        return {
          name: token.name,
          sha256: token.sha256.toLowerCase(),
          roles: token.roles,
          expiresAtMs: this.#instant(token.expiresAt, ['tokens', place, 'expiresAt']),
        };
      }),
      issuers: jwt.map(({ jwksUrl, roles: mapping, ...issuer }, place) => {
        this.#checkRoles(Object.values(mapping ?? {}), ['jwt', place, 'roles']);
        return { ...issuer, jwksUrl: jwksUrl ?? null, roles: mapping ?? null };
      }),
    };
  }

  /** Of two that are equal only one would count. */
  #checkRepeated(values: readonly string[], list: string, field: string): void {
    for (const [place, value] of values.entries()) {
      if (values.indexOf(value) < place) {
        this.#fault([list, place, field], 'It is in the list twice.');
      }
    }
  }

  #role(name: string, { grants, limits }: GivenRole): Role {
    const { maxDatabaseTime, ...others } = limits;
    const micros = this.#duration(maxDatabaseTime, ['roles', name, 'limits', 'maxDatabaseTime']);
    const read = grants.map((grant, place) => this.#grant(grant, ['roles', name, 'grants', place]));
    this.#checkDenied(name, read);
    return {
      name,
      grants: read,
      limits: { ...present(others), ...(micros !== null && { maxDatabaseTimeMicros: micros }) },
    };
  }

  /** A grant that a DENY of the same role takes back as a whole is a mistake, whichever of the two was meant. */
  #checkDenied(name: string, grants: readonly Grant[]): void {
    for (const [place, grant] of grants.entries()) {
      const denying = grants.findIndex((other) => other !== grant && takesBack(other, grant));
      if (denying === -1) continue;
      const path = ['roles', name, 'grants', place];
      this.#fault(path, `It has no effect: grants.${denying} denies all of it.`);
    }
  }

  #grant(grant: GivenGrant, path: Path): Grant {
    const { filter, effect, actions, hide } = grant;
    this.#checkHidden(grant, path);
    const [namespaces, topics] = [[...grant.namespaces].sort(), [...grant.topics].sort()];
    return {
      effect,
      actions,
      namespaces,
      topics,
      filter: filter ?? null,
      hide,
      events: {
        ...this.#namespaces(namespaces, [...path, 'namespaces']),
        ...this.#parsed(topics.includes('*') ? {} : { topics }, [...path, 'topics']),
        ...this.#filter(filter, [...path, 'filter']),
      },
    };
  }

  #filter(filter: object | undefined, path: Path): Filter {
    const parsed = this.#parsed(filter ?? {}, path);
    return Object.keys(parsed).length === 0 ? {} : { all: [parsed] };
  }

  /** A field that nobody keeps back, though the file seems to say so, would be shown. */
  #checkHidden({ hide, effect, actions }: GivenGrant, path: Path): void {
    if (hide.length === 0) return;
    const reads = actions.includes('READ') || actions.includes('ADMIN');
    if (effect === 'ALLOW' && reads) return;
    this.#fault([...path, 'hide'], 'Fields are hidden by a grant that allows READ.');
  }

  #namespaces(globs: readonly string[], path: Path): Filter {
    if (globs.includes('*')) return {};
    for (const glob of globs) {
      try {
        compileGlob(glob);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        this.#fault(path, error.message);
      }
    }
    return globs.every(isLiteral) ? { namespaces: globs } : { namespaceGlobs: globs };
  }

  #parsed(filter: object, path: Path): Filter {
    try {
      return this.#parseFilter(filter, []);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#fault([...path, ...error.argument], error.message);
      return {};
    }
  }

  #checkRoles(names: readonly string[], path: Path): void {
    for (const name of names) {
      if (Object.hasOwn(this.#file.roles, name)) continue;
      this.#fault(path, `There is no role ${name}: declare it under roles.`);
    }
  }

  #instant(text: string | undefined, path: Path): number | null {
    if (text === undefined) return null;
    try {
      return millisecondOf(parseInstant(text));
    } catch (error) {
      this.#fault(path, (error as Error).message);
      return null;
    }
  }

  #duration(text: string | undefined, path: Path): number | null {
    if (text === undefined) return null;
    try {
      return parseDuration(text, []);
    } catch (error) {
      this.#fault(path, (error as Error).message);
      return null;
    }
  }

  #fault(path: Path, message: string): void {
    this.faults.push({ path, message });
  }
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

const present = <Fields extends object>(fields: Fields): Present<Fields> =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Present<Fields>;

function takesBack(denying: Grant, grant: Grant): boolean {
  const events = JSON.stringify(denying.events);
  return (
    denying.effect === 'DENY' &&
    grant.actions.every((action) => denying.actions.includes(action)) &&
    (events === '{}' || events === JSON.stringify(grant.events)) &&
    // Of two equal denials the first may stay.
    grant.effect === 'ALLOW'
  );
}
