import type { Event, Json } from '../event/event.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { stringifyJson } from '../event/json.ts';
import { subjectToken } from '../journal/nats/subject.ts';
import { eventData } from './event-data.ts';

export type TemplateValues = Readonly<Record<string, (event: Event) => Json>>;

export interface Template {
  /** Whether it is JSON, in which values are escaped. */
  readonly isJson: boolean;
  readonly render: (event: Event) => string;
}

/** How a value is written into what surrounds it. */
type Write = (value: Json) => string;

const longestTemplate = 65_536;

const fields: TemplateValues = {
  type: ({ type }) => type,
  category: ({ category }) => category,
  action: ({ action }) => action,
  key: ({ key }) => key,
  namespace: ({ namespace }) => namespace,
  message: ({ message }) => message,
  id: ({ id }) => id,
  time: (event) => eventData(event).time,
  index: ({ index }) => index,
  event: (event) => eventData(event) as unknown as Json,
};

/** {{ is a brace; {name} a value; any other brace stands for itself, so that JSON needs no escapes. */
const token = /\{\{|\{([A-Za-z][^{}\s"]*)\}/g;

/**
 * Compiles a template: text with {type} {category} {action} {key} {namespace} {message} {id} {time} {index}
 * {traits.NAME} {tags.GROUP} {value.PATH} {event}. In a template that is JSON, a value inside a string is escaped,
 * and one outside is written as JSON; elsewhere values are written as text, objects as JSON.
 * @param more values by other names, which override these
 * @throws InputError with the position of what does not exist
 */
export function compileTemplate(
  text: string,
  path: readonly string[],
  more: TemplateValues = {},
): Template {
  checkLength(text, path);
  const isJson = parsesAsJson(text.replace(token, (whole) => (whole === '{{' ? '{' : '0')));
  const pieces = piecesOf(text, { path, more }, (inString) => writerFor(isJson, inString));
  return { isJson, render: (event) => joined(pieces, event) };
}

/** What a subject makes of its event; of null, which has no values, for a message that is about no event. */
export type TokenTemplate = (event: Event | null) => string;

/** A template each of whose values becomes one token of a subject. @throws InputError */
export function compileTokens(text: string, path: readonly string[]): TokenTemplate {
  checkLength(text, path);
  const pieces = piecesOf(text, { path, more: {} }, () => (value) => subjectToken(asText(value)));
  const withoutValues = pieces.map((piece) =>
    typeof piece === 'string' ? piece : subjectToken(''),
  );
  return (event) => (event === null ? withoutValues.join('') : joined(pieces, event));
}

function checkLength({ length }: string, path: readonly string[]): void {
  if (length <= longestTemplate) return;
  throw new InputError(
    path,
    `A template has at most ${longestTemplate} characters, not ${length}.`,
  );
}

type Piece = string | ((event: Event) => string);

const joined = (pieces: readonly Piece[], event: Event): string =>
  pieces.map((piece) => (typeof piece === 'string' ? piece : piece(event))).join('');

/** Names that a template may use, and the argument that it is. */
interface Names {
  readonly path: readonly string[];
  readonly more: TemplateValues;
}

function piecesOf(
  text: string,
  names: Names,
  writerOf: (inString: boolean) => Write,
): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  let inString = false;
  for (const match of text.matchAll(token)) {
    const literal = text.slice(end, match.index);
    end = match.index + match[0].length;
    inString = endsInString(literal, inString);
    pieces.push(literal, pieceOf(match, names, writerOf(inString)));
  }
  return [...pieces, text.slice(end)];
}

function pieceOf({ 1: name, index }: RegExpExecArray, names: Names, write: Write): Piece {
  if (name === undefined) return '{';
  const read = reader(name, index, names);
  return (event) => write(read(event));
}

function parsesAsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether JSON text that began inside or outside a string ends inside one. */
function endsInString(text: string, begins: boolean): boolean {
  const quotes = text.replace(/\\./gs, '').match(/"/g)?.length ?? 0;
  return quotes % 2 === 1 ? !begins : begins;
}

function writerFor(isJson: boolean, inString: boolean): Write {
  if (!isJson) return asText;
  return inString ? (value) => JSON.stringify(asText(value)).slice(1, -1) : stringifyJson;
}

/** Text as it is, nothing for what is not there, and anything else as JSON. */
const asText: Write = (value) => {
  if (value === null) return '';
  return typeof value === 'string' ? value : stringifyJson(value);
};

function reader(name: string, position: number, { path, more }: Names): (event: Event) => Json {
  if (Object.hasOwn(more, name)) return more[name] as (event: Event) => Json;
  if (Object.hasOwn(fields, name)) return fields[name] as (event: Event) => Json;
  const [, kind = '', rest = ''] = /^(traits|tags|value)\.(.+)$/.exec(name) ?? [];
  switch (kind) {
    case 'traits':
      return ({ traits }) => traits.find((trait) => trait.name === rest)?.value ?? null;
    case 'tags':
      return ({ tags }) =>
        tags.find((tag) => tag.startsWith(`${rest}:`))?.slice(rest.length + 1) ?? null;
    case 'value':
      return ({ value }) => memberOf(value, rest.split('.'));
    default:
      if (name === 'value') return ({ value }) => value;
      throw new InputError(
        path,
        `The template names {${name}} at character ${position + 1}, which does not exist: ${quoted(name)} is none of ` +
          `${[...Object.keys(more), ...Object.keys(fields), 'traits.NAME', 'tags.GROUP', 'value.PATH'].join(', ')}.`,
      );
  }
}

function memberOf(value: Json, path: readonly string[]): Json {
  let member: Json = value;
  for (const step of path) {
    if (typeof member !== 'object' || member === null || !Object.hasOwn(member, step)) return null;
    member = (member as { readonly [name: string]: Json })[step] ?? null;
  }
  return member;
}
