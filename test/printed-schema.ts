import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../', import.meta.url));
const program = `
  const { printSchema } = await import('graphql');
  const { schema } = await import(process.env.SCHEMA_MODULE);
  process.stdout.write(printSchema(schema) + '\\n');
`;

/** In a process of its own: the order of the types is the order in which the modules were loaded. */
export async function printedSchema(): Promise<string> {
  const options = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, options, {
    cwd: root,
    env: {
      ...process.env,
      SCHEMA_MODULE: new URL('../src/gateway/schema.ts', import.meta.url).href,
    },
    maxBuffer: 2 ** 24,
  });
  return stdout;
}
