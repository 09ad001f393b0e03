import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ConsoleFiles } from './console-files.ts';
import { iconUrl } from './icon.ts';

/** From the source and from the compiled program alike. */
const root = new URL('../../../', import.meta.url);
const source = fileURLToPath(new URL('src/console/', root));

/** Packages of which the page contains code. */
const bundled = ['preact', 'uplot', 'graphql-ws'];

/** Bundles the console, with everything it needs; only the build and the tests do this. */
export async function bundleConsole(): Promise<ConsoleFiles> {
  const { outputFiles } = await build({
    entryPoints: [`${source}main.tsx`, `${source}style.css`],
    bundle: true,
    minify: true,
    write: false,
    outdir: 'console',
    format: 'esm',
    target: ['chrome123', 'firefox128', 'safari17.5'],
    tsconfig: `${source}tsconfig.json`,
    // Browsers have sockets of their own.
    external: ['ws'],
    legalComments: 'none',
    logLevel: 'silent',
  });
  const [script, style] = ['.js', '.css'].map((ending) => {
    const content = Buffer.from(
      outputFiles.find(({ path }) => path.endsWith(ending))?.contents ?? [],
    );
    return { name: `console-${digestOf(content)}${ending}`, content };
  }) as [NamedContent, NamedContent];
  const licences = Buffer.from((await Promise.all(bundled.map(licenceOf))).join('\n\n'));
  return {
    page: Buffer.from(pageOf(script.name, style.name)),
    files: [
      { ...script, type: 'text/javascript; charset=utf-8' },
      { ...style, type: 'text/css; charset=utf-8' },
      { name: 'licences.txt', content: licences, type: 'text/plain; charset=utf-8' },
    ],
  };
}

interface NamedContent {
  readonly name: string;
  readonly content: Buffer;
}

const digestOf = (content: Buffer): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 16);

async function licenceOf(name: string): Promise<string> {
  for (const file of ['LICENSE', 'LICENSE.md']) {
    const text = await readFile(new URL(`node_modules/${name}/${file}`, root), 'utf8').catch(
      () => null,
    );
    if (text !== null) return `${name}\n\n${text.trim()}`;
  }
  throw new Error(`The package ${name} has no licence that the console could show.`);
}

const pageOf = (script: string, style: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tidings</title>
<link rel="icon" href="${iconUrl}">
<link rel="stylesheet" href="/console/${style}">
<script type="module" src="/console/${script}"></script>
</head>
<body>
<div id="console"></div>
<noscript>
<p>The console needs JavaScript. <a href="/graphql">The playground</a> and the API are at /graphql.</p>
</noscript>
</body>
</html>
`;
