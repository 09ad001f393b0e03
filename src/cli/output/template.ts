import { usageError } from '../exit-code.ts';
import { type Row, shown, unknownPath, valueAt } from './value-at.ts';

/** {{ is a brace, {path} a value; any other brace is itself. */
const token = /\{\{|\{([A-Za-z][^{}\s"]*)\}/g;

const escapes: Readonly<Record<string, string>> = { '\\n': '\n', '\\t': '\t', '\\\\': '\\' };

/**
 * Compiles a template as sinks have it: {type} {key} {traits.NAME} {tags.GROUP} {value.PATH}. \n and \t are a line's end
 * and a tab.
 * @returns what writes a row. @throws CommandError, for a row that has not what is named
 */
export function compileTemplate(template: string): (row: Row) => string {
  const text = template.replace(/\\[nt\\]/g, (written) => escapes[written] ?? written);
  return (row) =>
    text.replace(token, (whole, path?: string) => {
      if (path === undefined) return whole.slice(1);
      const known = unknownPath(row, path);
      if (known !== null) throw usageError(`There is no {${path}} here: use one of ${known}.`);
      return shown(valueAt(row, path));
    });
}
