import { z } from 'zod';
import { grantActions, hiddenFields } from './policy.ts';

const defaultAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
/** Keys of a JWKS are public: a symmetric algorithm would let anybody sign with them. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const names = z.array(z.string().min(1)).min(1);
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be a URL with http or https' });
const perSecond = z.number().positive();
const whole = z.int().positive();

const grantSchema = z.strictObject({
  actions: z.array(z.enum(grantActions)).min(1),
  namespaces: names.default(['*']),
  topics: names.default(['*']),
  filter: z.record(z.string(), z.unknown()).optional(),
  hide: z.array(z.enum(hiddenFields)).default([]),
  effect: z.enum(['ALLOW', 'DENY']).default('ALLOW'),
});
const limitsSchema = z.strictObject({
  reportsPerSecond: perSecond.optional(),
  reportBytesPerSecond: perSecond.optional(),
  operationsPerSecond: perSecond.optional(),
  maxOperationCost: whole.optional(),
  maxDatabaseTime: z.string().optional(),
  maxFeeds: whole.optional(),
  maxConnections: whole.optional(),
});
const roleSchema = z.strictObject({
  grants: z.array(grantSchema).default([]),
  limits: limitsSchema.default({}),
});
const digits = 'must be 64 hexadecimal digits, in quotes';
const tokenSchema = z.strictObject({
  name: z.string().min(1),
  // Digits alone are a number in YAML.
  sha256: z.string(digits).regex(/^[0-9a-fA-F]{64}$/, digits),
  roles: names,
  expiresAt: z.string().optional(),
});
const issuerSchema = z.strictObject({
  issuer: httpUrl,
  audience: z.string().min(1),
  jwksUrl: httpUrl.optional(),
  algorithms: z
    .array(z.enum(algorithms))
    .min(1)
    .default([...defaultAlgorithms]),
  rolesClaim: z.string().min(1).default('roles'),
  roles: z.record(z.string(), z.string()).optional(),
});
/** The form of TIDINGS_AUTH_FILE. */
export const policySchema = z.strictObject({
  roles: z.record(z.string().min(1), roleSchema),
  tokens: z.array(tokenSchema).default([]),
  jwt: z.array(issuerSchema).default([]),
});
export type PolicyFile = z.output<typeof policySchema>;
