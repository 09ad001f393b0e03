import { auditCategory, auditNamespace } from '../event/audit.ts';
import type { Filter } from '../event/filter.ts';

/** Something that was done to the gateway itself. */
export interface AuditEntry {
  /** CreateToken, SignInRejected. */
  readonly action: string;
  /** The name of whoever did it; null where nobody knows. */
  readonly by: string | null;
  /** The id of what it was done to. */
  readonly key?: string | null;
  readonly message: string;
  readonly severity?: 'NORMAL' | 'ERROR';
  /** Further facts by name, never a secret. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** Where it is recorded. */
export interface Audit {
  record(entry: AuditEntry): void;
  /** Entries of one action and one caller come often: they are recorded together, with their number. */
  sample(entry: AuditEntry): void;
}

/** Where everybody may do everything, nobody asks who did it. */
export const noAudit: Audit = { record() {}, sample() {} };

/** READ_AUDIT gives the right to read them; nobody may report them. */
export const auditEvents: Filter = {
  categories: [auditCategory],
  namespaces: [auditNamespace],
};
