// A program that makes an empty database: node pglite-initdb.js DIRECTORY, or node pglite-initdb.js FILE.tar.gz.
// Making one takes several times the memory that running it does, so it has a process of its own, which ends.
import { rename, writeFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { PGlite } from '@electric-sql/pglite';

const [, , target = ''] = argv;
if (target.endsWith('.tar.gz')) {
  await using database = await PGlite.create();
  await database.exec('CHECKPOINT');
  const archive = await database.dumpDataDir('gzip');
  await writeFile(`${target}.new`, archive.stream());
  await rename(`${target}.new`, target);
} else {
  await using _database = await PGlite.create(target);
}
