import { type Document, isScalar, LineCounter, visit } from 'yaml';
import { fileLimits, lineOf, parseYaml, readValue, YamlLimitError } from '../http/yaml.ts';
import type { Policy } from './policy.ts';
import { PolicyError } from './policy-error.ts';
import { type ParseFilter, type Path, PolicyReader } from './policy-reader.ts';
import { policySchema } from './policy-schema.ts';

/**
 * Reads the content of TIDINGS_AUTH_FILE.
 * @param file what the file is called in errors
 * @throws PolicyError with all faults at once
 */
export function parsePolicy(text: string, file: string, parseFilter: ParseFilter): Policy {
  const lines = new LineCounter();
  const document = documentOf(text, file, lines);
  const at = (path: Path): string => `${file}:${lineOf(document, lines, path)}`;
  const syntax = [
    ...document.errors.map(({ message, pos }) => ({ message, offset: pos[0] })),
    ...repeatedKeys(document),
  ];
  if (syntax.length > 0) {
    throw new PolicyError(
      syntax.map(
        ({ message, offset }) => `${file}:${lines.linePos(offset).line}: ${message.split('\n')[0]}`,
      ),
    );
  }
  const { data, error } = policySchema.safeParse(readValue(document, fileLimits));
  if (error !== undefined) {
    throw new PolicyError(
      error.issues.map((issue) => {
        const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
        const path = [...issue.path, ...unknown] as Path;
        return `${at(path)}: ${sentence(path, issue.message)}`;
      }),
    );
  }
  const reader = new PolicyReader(data, parseFilter);
  const policy = reader.read();
  if (reader.faults.length === 0) return policy;
  throw new PolicyError(
    reader.faults.map(({ path, message }) => `${at(path)}: ${sentence(path, message)}`),
  );
}

function documentOf(text: string, file: string, lineCounter: LineCounter): Document.Parsed {
  try {
    const [document, second] = parseYaml(text, { lineCounter }, fileLimits);
    if (document !== undefined && second === undefined) return document;
  } catch (error) {
    if (!(error instanceof YamlLimitError)) throw error;
    throw new PolicyError([`${file}: The file ${error.message}.`], { cause: error });
  }
  throw new PolicyError([`${file}:1: The file must hold one YAML document.`]);
}

/** The last of two equal keys would count: in a file of rights that must not pass. */
function repeatedKeys(document: Document): { message: string; offset: number }[] {
  const faults: { message: string; offset: number }[] = [];
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          faults.push({ message: `${key.value} is there twice.`, offset: key.range?.[0] ?? 0 });
        }
        seen.add(key.value);
      }
    },
  });
  return faults;
}

const sentence = (path: Path, message: string): string =>
  `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}${/[.!?]$/.test(message) ? '' : '.'}`;
