import { readFile } from 'node:fs/promises';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** The database's memory as another thread sees it, and the addresses of PostgreSQL's flags within it. */
export interface Interrupt {
  readonly memory: WebAssembly.Memory;
  /** Of QueryCancelPending: the statement is to end. */
  readonly cancelAddress: number;
  /** Of InterruptPending: there is a flag to look at. */
  readonly pendingAddress: number;
}

const set = ({ memory }: Interrupt, address: number, value: 0 | 1): void =>
  void Atomics.store(new Int32Array(memory.buffer), address / 4, value);

/**
 * Ends the statement that runs now, as a signal would end it in a server: PostgreSQL looks at the flags at every row,
 * and the statement fails with SQLSTATE 57014.
 */
export function cancelStatement(interrupt: Interrupt): void {
  set(interrupt, interrupt.cancelAddress, 1);
  set(interrupt, interrupt.pendingAddress, 1);
}

/** Before each statement: a cancellation that came too late must not end the next one. */
export const forgetCancellation = (interrupt: Interrupt): void =>
  set(interrupt, interrupt.cancelAddress, 0);

/** As PGlite has it: 128 MB at first, and 2 GB at most. */
const memoryPages = { initial: 2_048, maximum: 32_768 };

/** The options with which a PGlite over the directory runs in memory that other threads may reach. */
export async function sharedMemoryOptions(directory: string) {
  const memory = new WebAssembly.Memory({ ...memoryPages, shared: true });
  const program = await readFile(
    new URL('./pglite.wasm', import.meta.resolve('@electric-sql/pglite')),
  );
  return {
    memory,
    fs: new SharedMemoryFiles(directory, memory),
    pgliteWasmModule: await WebAssembly.compile(declareSharedMemory(program)),
  };
}

/** Files under a directory; on the way PGlite takes the memory that it is to run in. */
class SharedMemoryFiles extends NodeFS {
  readonly #memory: WebAssembly.Memory;

  constructor(directory: string, memory: WebAssembly.Memory) {
    super(directory);
    this.#memory = memory;
  }

  override async init(...given: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...given);
    return { emscriptenOpts: { ...emscriptenOpts, wasmMemory: this.#memory } };
  }
}

/** WebAssembly core specification, 5.5: sections, imports and the flags of a memory's limits. */
const importSection = 2;
const sharedFlag = 2;

/** Makes the program declare that the memory that it imports is shared. Without threads of its own it runs as before. */
function declareSharedMemory<Program extends Uint8Array>(program: Program): Program {
  const flags = memoryFlagsPosition(program);
  program[flags] = (program[flags] ?? 0) | sharedFlag;
  return program;
}

/** @throws Error where the program does not import its memory */
function memoryFlagsPosition(program: Uint8Array): number {
  const reader = new Reader(program, 8);
  while (!reader.done) {
    const section = reader.byte();
    const size = reader.integer();
    if (section === importSection) return reader.memoryImport();
    reader.skip(size);
  }
  throw new Error('The database program imports no memory.');
}

class Reader {
  readonly #bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.#position = position;
  }

  get done(): boolean {
    return this.#position >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#position++] ?? 0;
  }

  skip(bytes: number): void {
    this.#position += bytes;
  }

  /** An unsigned LEB128 integer. */
  integer(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** The position of the flags of the imported memory. */
  memoryImport(): number {
    for (let left = this.integer(); left > 0; left -= 1) {
      this.skip(this.integer());
      this.skip(this.integer());
      const kind = this.byte();
      if (kind === 2) return this.#position;
      this.#skipImport(kind);
    }
    throw new Error('The database program imports no memory.');
  }

  /** A function's type, a table's type and limits, or a global's type and mutability. */
  #skipImport(kind: number): void {
    if (kind === 0) this.integer();
    else if (kind === 3) this.skip(2);
    else {
      this.skip(1);
      const hasMaximum = this.byte() & 1;
      this.integer();
      if (hasMaximum) this.integer();
    }
  }
}
