import { createHash, randomBytes } from 'node:crypto';

/** The prefix of our secrets, which sets them apart from JSON Web Tokens and lets scanners find leaked ones. */
const prefix = 'tds_';
const secretBytes = 32;

/** The secret of a new token: tds_ and 43 characters. */
export const newSecret = (): string => `${prefix}${randomBytes(secretBytes).toString('base64url')}`;

/** The form in which a secret is kept and looked up: comparing digests says nothing of the secret by its time. */
export const digestOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex');

/** True for a string in the form of a JSON Web Token: three parts with dots between them. */
export const isJwt = (secret: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(secret);

/** Of a token that was made here. */
export const isOurs = (secret: string): boolean => /^tds_[\w-]{43}$/.test(secret);

/** Names a part of the policy by all that it says, so that a change of it is noticed. */
export const originOf = (part: object): string => digestOf(JSON.stringify(part));
