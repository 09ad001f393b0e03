import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';

/** A file of the console. Its name changes with its content. */
interface ConsoleFile {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}

/** The web page as the build made it. */
export interface ConsoleFiles {
  /** The page, which names all other files. */
  readonly page: Buffer;
  readonly files: readonly ConsoleFile[];
}

/** In the compiled program. */
export const consoleFolder = new URL('../../console/', import.meta.url);

const pageFile = 'index.html';
const listFile = 'files.json';

export async function writeConsole(folder: URL, { page, files }: ConsoleFiles): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(pageFile, folder), page);
  for (const { name, content } of files) await writeFile(new URL(name, folder), content);
  const list = files.map(({ name, type }) => ({ name, type }));
  await writeFile(new URL(listFile, folder), JSON.stringify(list));
}

export async function readConsole(folder: URL): Promise<ConsoleFiles> {
  const list = await readFile(new URL(listFile, folder), 'utf8');
  const listed = JSON.parse(list) as readonly Pick<ConsoleFile, 'name' | 'type'>[];
  return {
    page: await readFile(new URL(pageFile, folder)),
    files: await Promise.all(
      listed.map(async (file) => ({
        ...file,
        content: await readFile(new URL(file.name, folder)),
      })),
    ),
  };
}
