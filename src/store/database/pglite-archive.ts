// A step of the build: makes the archive that a first start unpacks.
import { createArchive } from './pglite-creation.ts';

await createArchive();
