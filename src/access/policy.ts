import type { Filter } from '../event/filter.ts';

/** The rights that a grant can give. ADMIN gives all of them. */
export const grantActions = [
  'REPORT',
  'READ',
  'MANAGE_ALARMS',
  'MANAGE_SINKS',
  'MANAGE_TOKENS',
  'READ_AUDIT',
  'ADMIN',
] as const;
export type GrantAction = (typeof grantActions)[number];

/** Fields of events that a grant can keep back. */
export const hiddenFields = ['VALUE', 'RAW', 'TRAITS', 'MESSAGE'] as const;
export type HiddenField = (typeof hiddenFields)[number];

/** Rights over the events that are in one of the namespaces, have one of the topics and match the filter. */
export interface Grant {
  readonly effect: 'ALLOW' | 'DENY';
  readonly actions: readonly GrantAction[];
  /** Unix globs. */
  readonly namespaces: readonly string[];
  /** Nomad topics: Volume, Job:web, *. */
  readonly topics: readonly string[];
  /** As it was given, for whoever asks for their grants; null without one. */
  readonly filter: unknown;
  readonly hide: readonly HiddenField[];
  /** Namespaces, topics and filter in one; the empty filter where the grant is over all events. */
  readonly events: Filter;
}

/** Bounds of one principal, over all gateways; absent where there is none. */
export interface RoleLimits {
  readonly reportsPerSecond?: number;
  readonly reportBytesPerSecond?: number;
  readonly operationsPerSecond?: number;
  /** Cost of one operation at most: see graphql/cost.ts. */
  readonly maxOperationCost?: number;
  readonly maxDatabaseTimeMicros?: number;
  readonly maxFeeds?: number;
  readonly maxConnections?: number;
}

export interface Role {
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly limits: RoleLimits;
}

/** A token whose secret is known by its SHA-256 alone. */
export interface StaticToken {
  readonly name: string;
  /** 64 hexadecimal digits in lower case. */
  readonly sha256: string;
  readonly roles: readonly string[];
  /** Milliseconds since 1970; null where it does not expire. */
  readonly expiresAtMs: number | null;
}

/** Somebody whose JSON Web Tokens are taken. */
export interface JwtIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** Where the keys are; null where the issuer's discovery document says so. */
  readonly jwksUrl: string | null;
  readonly algorithms: readonly string[];
  /** Path of the claim that holds the roles: realm_access.roles. */
  readonly rolesClaim: string;
  /** Role of ours by the issuer's name for it; null where the names are the same. */
  readonly roles: Readonly<Record<string, string>> | null;
}

/** Who may do what: one version of TIDINGS_AUTH_FILE. */
export interface Policy {
  readonly roles: ReadonlyMap<string, Role>;
  readonly tokens: readonly StaticToken[];
  readonly issuers: readonly JwtIssuer[];
}

/** The role of whoever shows no credential. */
export const anonymousRole = 'anonymous';

/** Where access is off, anybody may do everything. */
export const openPolicy: Policy = {
  roles: new Map([
    [
      anonymousRole,
      {
        name: anonymousRole,
        limits: {},
        grants: [
          {
            effect: 'ALLOW',
            actions: ['ADMIN'],
            namespaces: ['*'],
            topics: ['*'],
            filter: null,
            hide: [],
            events: {},
          },
        ],
      },
    ],
  ]),
  tokens: [],
  issuers: [],
};
