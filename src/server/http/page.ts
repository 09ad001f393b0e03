import type { IncomingMessage, ServerResponse } from 'node:http';
import { htmlHeaders, reply, replyJson } from '../../http/reply.ts';
import { accepted } from './accept.ts';
import { icon, iconUrl } from './icon.ts';

const links = [
  ['/graphql', 'GraphQL by POST and GET; feeds by WebSocket and server-sent events'],
  ['/healthz', 'Whether the process answers'],
  ['/readyz', 'Whether journal and store are usable, and if not, why'],
  ['/metrics', 'Figures for Prometheus'],
] as const;

/** What is served here: a page for people, JSON for everybody else. */
export function answerFrontPage(
  request: IncomingMessage,
  response: ServerResponse,
  about: About,
): void {
  if (accepted(request).html) {
    reply(response, 200, page(about), htmlHeaders);
  } else {
    replyJson(response, 200, { name: 'tidings', ...about, paths: Object.fromEntries(links) });
  }
}

export interface About {
  readonly version: string;
  readonly dialects: readonly string[];
}

function page({ version, dialects }: About): string {
  const rows = links.map(
    ([path, what]) => `<dt><a href="${path}">${path}</a></dt><dd>${what}</dd>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tidings</title>
<link rel="icon" href="${iconUrl}">
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 4rem auto; padding: 0 1rem }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .75rem 1.5rem; margin: 2rem 0 }
  dt { font-family: ui-monospace, monospace }
  dd { margin: 0 }
  footer { opacity: .7 }
</style>
</head>
<body>
<h1>${icon} Tidings</h1>
<p>One typed GraphQL gateway for the events of every platform.</p>
<p><a href="/graphql">Open the playground</a> to report events, find them, aggregate them and follow them live.</p>
<dl>
${rows.join('\n')}
</dl>
<footer>Version ${version}. Dialects: ${dialects.length === 0 ? 'none' : dialects.join(', ')}.</footer>
</body>
</html>
`;
}
