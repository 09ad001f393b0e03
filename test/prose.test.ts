import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Words that a reader has to translate, and the usual ones. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/\baway\b/, 'unreachable, down'],
  [
    /\b(?:is|are|was|were|be|been|being) told\b|\btells?\b/,
    'is notified; notifies, publishes, says',
  ],
  [/\bseldom\b/, 'rare; selective'],
  [/\bso (?:long|many|much)\b(?! as\b| that\b)/, 'the number and its unit'],
  [/\bbeside (?:it|one|that|this|them)\b/, 'as well as; next to; compared with'],
  [/\bbehind (?:an?|the|that|every|each|its|this)? ?(?:\w+ )?index(?:es)?\b/, 'after'],
  [/\b(?:a|the) texts?\b(?! format)|\btexts\b/, 'a string; strings'],
  [/(?<!connection )\b(?:is|are|was|were|be|been) refused\b|\bwould not take\b/, 'is rejected'],
  // `figure` alone is a field of ThresholdInput.
  [/\bfigures\b/, 'statistics, metrics, results'],
  [/\btroubles?\b/, 'the reason why it is down; health'],
  [/\b(?:made again|put back)\b/, 'recreated; restored'],
  [/\bover all of them\b/, 'across'],
  [/\b[Ss]tands?\b(?! for\b)/, 'is; overrides'],
  [/\bless than nothing\b/, 'negative'],
  [/\bby hand\b(?!-)/, 'hand-written'],
  [
    /(?:\/\/|\/?\*\*?|"""|^ *"|^[-|]?) ?What [a-z ]+\b(?:is|are|was|has|have|may|can|comes?|goes)\b[^?]*$/,
    'who does what: not a clause as a subject',
  ],
  [/(?:\/\/|\/?\*\*|"""|^) ?No [a-z]+\b/, 'not an …'],
];

const root = fileURLToPath(new URL('..', import.meta.url));
/** Generated from other sources, or data of foreign systems. */
const leftOut = /generated|fixtures|node_modules|package-lock|LICENSE|test\/prose\.test\.ts/;
const read = /\.(?:ts|mjs|md|graphql|prisma|sql|proto)$/;

interface Finding {
  readonly scope: string;
  readonly text: string;
}

/** src/event, src/dialects/vamp, docs/live.md, README.md; src for the files that are in none of its folders. */
function scopeOf(path: string): string {
  const [first = '', second = '', ...more] = path.split('/');
  if (first === 'docs') return `${first}/${second}`;
  if (!['src', 'test'].includes(first) || more.length === 0) return first;
  const [dialect = '', file] = more;
  return second === 'dialects' && file !== undefined
    ? `${first}/${second}/${dialect}`
    : `${first}/${second}`;
}

/** Code spans and links of Markdown are names. */
const wordsOf = (line: string, path: string): string =>
  path.endsWith('.md') ? line.replaceAll(/`[^`]*`|\]\([^)]*\)/g, '') : line;

async function findingsIn(path: string): Promise<Finding[]> {
  const lines = (await readFile(`${root}/${path}`, 'utf8')).split('\n');
  return lines.flatMap((line, at) =>
    rules
      .filter(([pattern]) => pattern.test(wordsOf(line, path)))
      .map(([, instead]) => ({
        scope: scopeOf(path),
        text: `${path}:${at + 1}: ${line.trim()} (${instead})`,
      })),
  );
}

const folders = ['src', 'test', 'bench', 'docs', 'examples', 'bin', 'prisma'];
const files = ['README.md', 'CHANGELOG.md', 'schema.graphql'];
for (const folder of folders) {
  const below = await readdir(`${root}/${folder}`, { recursive: true });
  files.push(...below.map((name) => `${folder}/${name}`));
}
const paths = files.filter((path) => read.test(path) && !leftOut.test(path));
const findings = (await Promise.all(paths.map(findingsIn))).flat();
const scopes = [...new Set(paths.map(scopeOf))].sort();

describe('plain English', () => {
  test.each(scopes)('%s', (scope) => {
    const found = findings.filter((finding) => finding.scope === scope);
    expect(found.map(({ text }) => text)).toEqual([]);
  });
});
