// A step of the build: makes the page that the gateway shows at GET /graphql.
import { playgroundFolder, writePlayground } from './playground-files.ts';
import { renderPlayground } from './playground-page.ts';

await writePlayground(playgroundFolder, await renderPlayground());
