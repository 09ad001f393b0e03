import type { Event } from '../event/event.ts';
import { compileTemplate, type TemplateValues } from '../sinks/template.ts';

/** What an alarm says of itself in its message. */
export interface AlarmFacts {
  /** The entity. */
  readonly name: string;
  readonly rule: string;
  readonly value: number | null;
  readonly threshold: number | null;
}

/** Renders the message of an alarm; the event is the latest that led to it. */
export type MessageTemplate = (facts: AlarmFacts, event: Event) => string;

/** Characters of a message; the rest is cut. */
const maxMessageLength = 4_096;

interface Subject extends Event {
  readonly facts: AlarmFacts;
}

const fact =
  (name: keyof AlarmFacts): TemplateValues[string] =>
  (event) =>
    (event as Subject).facts[name];

const values: TemplateValues = {
  name: fact('name'),
  rule: fact('rule'),
  value: fact('value'),
  threshold: fact('threshold'),
};

/** @throws InputError with the position of a name that does not exist */
export function compileMessage(text: string, path: readonly string[]): MessageTemplate {
  const { render } = compileTemplate(text, path, values);
  return (facts, event) => {
    const subject: Subject = { ...event, facts };
    return render(subject).slice(0, maxMessageLength);
  };
}
