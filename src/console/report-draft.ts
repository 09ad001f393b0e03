import type { EventInput, Severity, TraitInput } from '../client/schema.generated.ts';
import { typedValue } from '../filter-text/parse.ts';

/** An event as it is typed. */
export interface ReportDraft {
  readonly id: string;
  readonly namespace: string;
  readonly type: string;
  readonly severity: Severity;
  readonly key: string;
  readonly message: string;
  readonly tags: string;
  readonly service: string;
  readonly instance: string;
  readonly node: string;
  readonly time: string;
  readonly endTime: string;
  /** A line each: `size_gib=20`. */
  readonly traits: string;
  /** JSON. */
  readonly value: string;
}

export const newReport: ReportDraft = {
  id: '',
  namespace: 'default',
  type: '',
  severity: 'NORMAL',
  key: '',
  message: '',
  tags: '',
  service: '',
  instance: '',
  node: '',
  time: '',
  endTime: '',
  traits: '',
  value: '',
};

/** A field that cannot be read, as a sentence that says what to write. */
class ReportDraftError extends Error {
  override readonly name = 'ReportDraftError';
}

/** @throws ReportDraftError */
export function eventInputOf(draft: ReportDraft): EventInput {
  const source = present({ service: draft.service, instance: draft.instance, node: draft.node });
  const tags = draft.tags.split(',').flatMap((tag) => tag.trim() || []);
  const traits = draft.traits.split('\n').flatMap((line) => traitOf(line.trim()) ?? []);
  return {
    severity: draft.severity,
    ...present({
      id: draft.id,
      namespace: draft.namespace,
      type: draft.type,
      key: draft.key,
      message: draft.message,
      time: instantOf('Began', draft.time),
      endTime: instantOf('Ended', draft.endTime),
    }),
    ...(Object.keys(source).length > 0 && { source }),
    ...(tags.length > 0 && { tags }),
    ...(traits.length > 0 && { traits }),
    ...(draft.value.trim() !== '' && { value: jsonOf(draft.value) }),
  };
}

/** Fields that somebody has filled in. */
function present(fields: Readonly<Record<string, string>>): Record<string, string> {
  const filled = Object.entries(fields).filter(([, text]) => text.trim() !== '');
  return Object.fromEntries(filled.map(([name, text]) => [name, text.trim()]));
}

/** Of the form that a browser has for it, in the reader's time zone. */
function instantOf(label: string, text: string): string {
  if (text === '') return '';
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new ReportDraftError(`${label}: "${text}" is not a time.`);
  return new Date(ms).toISOString();
}

function traitOf(line: string): TraitInput | null {
  if (line === '') return null;
  const [, name, text = ''] = /^([^=]+)=(.*)$/s.exec(line) ?? [];
  if (name === undefined) {
    throw new ReportDraftError(`Traits: write name=value, as size_gib=20, not "${line}".`);
  }
  const trimmed = text.trim();
  const [, quoted] = /^"(.*)"$/s.exec(trimmed) ?? [];
  return {
    name: name.trim(),
    value: quoted === undefined ? typedValue(trimmed) : { text: quoted },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ReportDraftError(`Value: this is not JSON: ${(cause as Error).message}`, { cause });
  }
}
