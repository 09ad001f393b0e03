// A step of the build: makes the page that the gateway shows at GET /.
import { bundleConsole } from './console-bundle.ts';
import { consoleFolder, writeConsole } from './console-files.ts';

await writeConsole(consoleFolder, await bundleConsole());
