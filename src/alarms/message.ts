import { type Event, nowhere } from '../event/event.ts';
import { compileTemplate, type TemplateValues } from '../sinks/template.ts';
import type { EntityLabel } from './entity.ts';

/** What an alarm says of itself in its message. */
interface AlarmFacts {
  /** The entity. */
  readonly name: string;
  readonly labels: readonly EntityLabel[];
  readonly rule: string;
  readonly value: number | null;
  readonly threshold: number | null;
}

export interface MessageTemplate {
  /** Whether it says something of the event. */
  readonly needsEvent: boolean;
  /** The message of an alarm; the event is the latest that led to it. */
  readonly render: (facts: AlarmFacts, event: Event | null) => string;
}

/** Characters of a message; the rest is cut. */
export const maxMessageLength = 4_096;

interface Subject extends Event {
  readonly facts: AlarmFacts;
}

const fact =
  (name: Exclude<keyof AlarmFacts, 'labels'>): TemplateValues[string] =>
  (event) =>
    (event as Subject).facts[name];

const values: TemplateValues = {
  name: fact('name'),
  rule: fact('rule'),
  value: fact('value'),
  threshold: fact('threshold'),
};

const otherName = /\{(?!(?:name|rule|value|threshold)\})[A-Za-z]/;

/** For messages about no event. */
const noEvent: Event = {
  id: '',
  namespace: '',
  category: '',
  action: null,
  type: '',
  severity: 'NORMAL',
  source: nowhere,
  key: null,
  filterKeys: [],
  message: null,
  tags: [],
  traits: [],
  value: null,
  time: 0,
  endTime: null,
  recordedAt: 0,
  dialect: 'TIDINGS',
  raw: null,
  index: 0,
};

/** @throws InputError with the position of a name that does not exist */
export function compileMessage(text: string, path: readonly string[]): MessageTemplate {
  const { render } = compileTemplate(text, path, values);
  return {
    needsEvent: otherName.test(text.replaceAll('{{', '')),
    render(facts, event) {
      const subject: Subject = { ...(event ?? noEvent), facts };
      return render(subject).slice(0, maxMessageLength);
    },
  };
}
