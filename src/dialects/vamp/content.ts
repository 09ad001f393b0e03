import { Document, Scalar, visit } from 'yaml';
import type { Json } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import { VampError } from './vamp-error.ts';

const json = 'application/json';
const yaml = 'application/x-yaml';
const both = `${json}, ${yaml}`;

/** A complete answer; the body is empty where there is none. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Vamp requires an Accept header. @throws VampError */
export function checkAccept(accept: string | undefined): void {
  if (accept === undefined) {
    throw new VampError("Request is missing required HTTP header 'Accept'");
  }
  const taken = accept
    .split(',')
    .map((range) => range.trim())
    .some((range) => range.startsWith('*/*') || range === json || range === yaml);
  if (!taken) {
    throw new VampError(
      `Only the following media types are supported: ${both}, but not: ${accept}`,
    );
  }
}

/** @throws VampError */
export function checkContentType(contentType: string | undefined): void {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== json && type !== yaml) {
    throw new VampError(`Only the following media types are supported: ${both}`);
  }
}

/** A number that JSON and YAML show as a double: 20.0. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toString(): string {
    const text = String(this.value);
    return /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
}

/** The content of an answer: JSON, and doubles at the top level or as a member. */
export type Content = Json | Double | Readonly<Record<string, unknown>> | readonly object[];

/** An answer in the form that the client prefers: YAML where its Accept begins with it, else JSON. */
export function answer(
  status: number,
  content: Content,
  accept: string | undefined,
  headers: Answer['headers'] = {},
): Answer {
  const asYaml = accept?.startsWith(yaml) ?? false;
  return {
    status,
    headers: { ...headers, 'Content-Type': asYaml ? yaml : json },
    body: asYaml ? yamlText(content) : toJsonText(content),
  };
}

export const empty = (status: number): Answer => ({ status, headers: {}, body: '' });

function toJsonText(content: Content): string {
  if (content instanceof Double) return content.toString();
  if (isResult(content)) return `{"value":${content.value}}`;
  return stringifyJson(content);
}

const yamlText = (content: Content): string => {
  if (content instanceof Double) return `${content}\n`;
  return isResult(content) ? `value: ${content.value}\n` : toYaml(content);
};

/** Control characters except the line break, and the line separators that YAML 1.1 alone knows. */
const unprintable = /[^\P{Cc}\n]|[\u2028\u2029]/u;
/** Characters that the library does not escape within double quotes. */
const unescaped = /[\x7f-\x9f\u2028\u2029]/g;

/** YAML 1.1 in block style, as SnakeYAML writes it. */
export function toYaml(content: unknown): string {
  const document = new Document(content, {
    version: '1.1',
    schema: 'yaml-1.1',
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && unprintable.test(node.value)) {
        node.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
  return document.toString({ indentSeq: false, singleQuote: true }).replace(unescaped, escaped);
}

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const isResult = (content: Content): content is { value: Double } =>
  typeof content === 'object' &&
  content !== null &&
  'value' in content &&
  content.value instanceof Double;
