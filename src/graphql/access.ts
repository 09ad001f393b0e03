import type { Session } from '../access/access.ts';
import type { Grant, grantActions, hiddenFields } from '../access/policy.ts';
import type { NewTicket } from '../access/stream-tickets.ts';
import { createToken, managedTokens, revokeToken } from '../access/token-management.ts';
import type { Instant, Json } from '../event/event.ts';
import { parseId } from '../event/filter-input.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { InstantError, millisecondOf, parseInstant } from '../event/instant.ts';
import type { StoredToken } from '../store/tokens.ts';
import { builder } from './builder.ts';

const PrincipalKindEnum = builder.enumType('PrincipalKind', {
  description: 'How a caller said who they are.',
  values: {
    ANONYMOUS: { description: 'Not at all.' },
    TOKEN: { description: 'By a token of the gateway.' },
    JWT: { description: 'By a JSON Web Token of an issuer that the gateway trusts.' },
  },
});

const GrantActionEnum = builder.enumType('GrantAction', {
  description: 'A right.',
  values: {
    REPORT: { description: 'Report events.' },
    READ: { description: 'Read and follow events.' },
    MANAGE_ALARMS: { description: 'Create and change alarms.' },
    MANAGE_SINKS: { description: 'Create and change sinks.' },
    MANAGE_TOKENS: { description: 'Create, list and revoke tokens.' },
    READ_AUDIT: { description: 'Read the events about management.' },
    ADMIN: { description: 'All of these.' },
  } satisfies Record<(typeof grantActions)[number], { description: string }>,
});

const HiddenFieldEnum = builder.enumType('HiddenField', {
  description: 'A field of events that a grant keeps back.',
  values: {
    VALUE: { description: 'Event.value.' },
    RAW: { description: 'Event.raw.' },
    TRAITS: { description: 'Event.traits.' },
    MESSAGE: { description: 'Event.message.' },
  } satisfies Record<(typeof hiddenFields)[number], { description: string }>,
});

const GrantRef = builder.objectRef<Grant>('Grant').implement({
  description: 'Rights over some of the events.',
  fields: (t) => ({
    actions: t.field({
      type: [GrantActionEnum],
      description: 'What may be done.',
      resolve: ({ actions }) => [...actions],
    }),
    namespaces: t.stringList({
      description: 'Globs.',
      resolve: ({ namespaces }) => [...namespaces],
    }),
    topics: t.stringList({
      description: 'Nomad topics: Volume, Job:web, *.',
      resolve: ({ topics }) => [...topics],
    }),
    filter: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Further restricted to these events, where set.',
      resolve: ({ filter }) => filter as Json,
    }),
    hiddenFields: t.field({
      type: [HiddenFieldEnum],
      description: 'Fields that are kept back.',
      resolve: ({ hide }) => [...hide],
    }),
  }),
});

const instantOf = (ms: number): Instant => ms * 1_000;
const optionalInstant = (ms: number | null): Instant | null => (ms === null ? null : instantOf(ms));

const ViewerRef = builder.objectRef<Session>('Viewer').implement({
  description: 'Who asks, and what they may do.',
  fields: (t) => ({
    name: t.string({
      description: 'anonymous where nobody said who they are.',
      resolve: ({ principal }) => principal.name,
    }),
    kind: t.field({
      type: PrincipalKindEnum,
      description: 'How the caller said who they are.',
      resolve: ({ principal: { kind } }) => (kind === 'SOURCE' ? 'TOKEN' : kind),
    }),
    roles: t.stringList({
      description: "The caller's roles.",
      resolve: ({ principal }) => [...principal.roles],
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the credential expires; null where it does not.',
      resolve: ({ principal }) => optionalInstant(principal.expiresAtMs),
    }),
    grants: t.field({
      type: [GrantRef],
      description: 'What the roles allow, before what they deny.',
      resolve: ({ scope }) => scope.grants.filter(({ effect }) => effect === 'ALLOW'),
    }),
  }),
});

const TokenRef = builder.objectRef<StoredToken>('Token').implement({
  description: 'A token, without its secret.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'For revokeToken.' }),
    name: t.exposeString('name', { description: 'The name of whoever shows it.' }),
    roles: t.stringList({ description: 'Its roles.', resolve: ({ roles }) => [...roles] }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: ({ createdAtMs }) => instantOf(createdAtMs),
    }),
    createdBy: t.exposeString('createdBy', {
      nullable: true,
      description: 'Who created it; null for one that was created on the machine itself.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it expires; null where it does not.',
      resolve: ({ expiresAtMs }) => optionalInstant(expiresAtMs),
    }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was used last, to the minute.',
      resolve: ({ lastUsedAtMs }) => optionalInstant(lastUsedAtMs),
    }),
    revokedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null while it holds.',
      resolve: ({ revokedAtMs }) => optionalInstant(revokedAtMs),
    }),
  }),
});

const TokenInputRef = builder.inputType('TokenInput', {
  description: 'A token to be created.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name of whoever shows it.' }),
    roles: t.stringList({ required: true, description: 'Roles of TIDINGS_AUTH_FILE.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'Without it the token does not expire.' }),
  }),
});

interface Created {
  readonly token: StoredToken;
  readonly secret: string;
}

const CreateTokenPayloadRef = builder.objectRef<Created>('CreateTokenPayload').implement({
  description: 'The answer to createToken.',
  fields: (t) => ({
    token: t.expose('token', { type: TokenRef, description: 'The token.' }),
    secret: t.exposeString('secret', { description: 'Shown here and never again.' }),
  }),
});

const StreamTicketRef = builder.objectRef<NewTicket>('StreamTicket').implement({
  description: 'What opens one stream of events.',
  fields: (t) => ({
    ticket: t.exposeString('ticket', { description: 'For ?ticket= in the URL of the stream.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'Until when it can be used.',
      resolve: ({ expiresAtMs }) => instantOf(expiresAtMs),
    }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: ViewerRef,
    description: 'Who asks, and what they may do.',
    resolve: (_root, _args, { session }) => session,
  }),
  tokens: t.field({
    type: [TokenRef],
    description:
      'Tokens, without their secrets, newest first; for those who may manage them. At most 10,000.',
    resolve: async (_root, _args, { session, access }) => [
      ...(await managedTokens(access, session)),
    ],
  }),
}));

builder.mutationFields((t) => ({
  createToken: t.field({
    type: CreateTokenPayloadRef,
    description:
      'Creates a token; for those who may manage tokens, who give it roles that they have themselves. ' +
      'The secret is shown in this answer and never again.',
    args: {
      input: t.arg({ type: TokenInputRef, required: true, description: 'The token.' }),
    },
    resolve: (_root, { input }, { session, access }) =>
      createToken(access, session, { ...input, expiresAtMs: msOf(input.expiresAt) }),
  }),
  revokeToken: t.field({
    type: TokenRef,
    description: 'Revokes a token. Its feeds and sockets end at once.',
    args: { id: t.arg.id({ required: true, description: 'The id of the token.' }) },
    resolve: (_root, { id }, { session, access }) =>
      revokeToken(access, session, parseId(id, ['id'])),
  }),
  createStreamTicket: t.field({
    type: StreamTicketRef,
    description:
      "A ticket for one GET of an event stream within 30 s (?ticket=…), as a browser's EventSource sends no headers.",
    resolve: (_root, _args, { session, access }) => access.tickets.create(session.principal),
  }),
}));

/** @throws InputError */
function msOf(text: string | null | undefined): number | null {
  if (text == null) return null;
  const instant = readInstant(text);
  if (instant !== null) return millisecondOf(instant);
  throw new InputError(
    ['input', 'expiresAt'],
    `${quoted(text)} is not an instant such as 2030-01-01T00:00:00Z.`,
  );
}

function readInstant(text: string): Instant | null {
  try {
    return parseInstant(text);
  } catch (error) {
    if (error instanceof InstantError) return null;
    throw error;
  }
}
