import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { createGunzip } from 'node:zlib';

/** The header of an entry, and what an entry's content is padded to (POSIX.1-2001, ustar interchange format). */
const blockBytes = 512;

interface Entry {
  readonly name: string;
  readonly bytes: number;
  readonly isDirectory: boolean;
}

/**
 * Unpacks a .tar.gz of directories and files, as it is read: little of it is in memory at a time. Whatever is unpacked
 * is its owner's alone, as PostgreSQL wants its files.
 * @throws Error where it is not complete, or an entry would lie outside the directory
 */
export async function unpack(archive: URL, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const blocks = new Blocks(createReadStream(archive).pipe(createGunzip()));
  for (;;) {
    const header = await blocks.next(blockBytes);
    const entry = entryIn(header);
    if (entry === null) return;
    const path = join(directory, normalize(join('/', entry.name)));
    await mkdir(entry.isDirectory ? path : dirname(path), { recursive: true, mode: 0o700 });
    if (!entry.isDirectory) await writeContent(path, entry.bytes, blocks);
  }
}

async function writeContent(path: string, bytes: number, blocks: Blocks): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await copy(file, bytes, blocks);
  } finally {
    await file.close();
  }
}

async function copy(file: FileHandle, bytes: number, blocks: Blocks): Promise<void> {
  for (let left = bytes; left > 0; ) {
    const chunk = await blocks.next(Math.min(left, 64 * blockBytes));
    await file.writeFile(chunk);
    left -= chunk.length;
  }
  await blocks.next((blockBytes - (bytes % blockBytes)) % blockBytes);
}

/** Null at the end, which is an empty block. */
function entryIn(header: Buffer): Entry | null {
  const field = (from: number, length: number) => {
    const text = header.toString('utf8', from, from + length);
    return text.split('\0', 1)[0] ?? '';
  };
  const name = field(0, 100);
  if (name === '') return null;
  const prefix = field(345, 155);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    bytes: Number.parseInt(field(124, 12), 8),
    isDirectory: field(156, 1) === '5',
  };
}

/** Pieces of a stream, of the sizes that are asked for. */
class Blocks {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async next(bytes: number): Promise<Buffer> {
    while (this.#rest.length < bytes) {
      const { value, done } = await this.#chunks.next();
      if (done) throw new Error('The archive ends in the middle of an entry.');
      this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    }
    const block = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    return block;
  }
}
