import { createHash } from 'node:crypto';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { htmlHeaders } from '../../http/reply.ts';
import { type BuiltPage, builtPage } from './built-page.ts';
import { icon, iconUrl } from './icon.ts';

/** README.md has them too. As wide as the editor is in a window of 1280 points. */
export const examples = `# Report events, find and aggregate them, follow
# them live. Press the button and choose, or press
# Ctrl-Enter in an operation.

mutation Report {
  reportEvent(
    event: {
      type: "Volume.Create"
      key: "vol-1"
      message: "volume created"
      tags: ["pool:gold"]
      traits: [
        { name: "size_gib", value: { int: 20 } }
      ]
      source: { service: "csi", node: "node-1" }
    }
  ) {
    ... on ReportedEvent { id index status }
    ... on RejectedEvent {
      errors { path code message }
    }
  }
}

query Find {
  events(
    filter: {
      tags: ["pool:gold"]
      time: { gte: "now-1h" }
    }
    first: 10
  ) {
    nodes {
      type key message time
      trait(name: "size_gib") { int }
    }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}

query Aggregate {
  aggregateEvents(
    measure: { trait: "size_gib" }
    groupBy: [
      { field: TYPE }
      { tagGroup: "pool" }
    ]
    filter: { time: { gte: "now-1d/d" } }
    percentiles: [0.5, 0.99]
  ) {
    rows {
      group { name value }
      count average min max
      percentiles { rank value }
    }
    truncated
  }
}

# While this runs, report from a second window:
# each event appears here at once.
subscription Follow {
  events(filter: { types: ["Volume.*"] }) {
    index type key message time
  }
}
`;

/** GraphiQL takes its memory of a visit that changed nothing for an empty editor: the next would begin with none. */
const remembering = `<script>
  try { localStorage['graphiql:query'] ??= ${JSON.stringify(examples)} } catch {}
</script>
`;

/** Takes seconds and 100 MB: the build does it. */
export async function renderPlayground(): Promise<BuiltPage> {
  const page = renderGraphiQL({
    title: 'Tidings',
    logo: icon,
    favicon: iconUrl,
    defaultQuery: examples,
    // The examples have no variables: the editor gets the whole height.
    defaultEditorToolsVisibility: false,
  });
  const text = page.replace('</head>', (end) => remembering + end);
  const headers = { ...htmlHeaders, 'Content-Security-Policy': policyOf(text) };
  return await builtPage(Buffer.from(text), headers);
}

/** Only the scripts that are in the page run; the editor makes workers of its own text, and styles as it goes. */
function policyOf(page: string): string {
  const scripts = Array.from(
    page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g),
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src ${scripts.join(' ')}`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    'worker-src blob: data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
