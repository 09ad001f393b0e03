import { setTimeout } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { StatementQueue } from '../../../src/store/database/statement-queue.ts';

const cancelled = () =>
  Object.assign(new Error('canceling statement due to user request'), {
    code: '57014',
    severity: 'ERROR',
  });

/** A database that does one statement at a time, each until it is released or cancelled. */
class OneSession {
  readonly begun: string[] = [];
  readonly queue = new StatementQueue(() => this.#end?.(cancelled()));
  #end: ((error: Error | null) => void) | null = null;

  readonly statement = (name: string) => (): Promise<string> => {
    this.begun.push(name);
    return new Promise((resolve, reject) => {
      this.#end = (error) => (error === null ? resolve(name) : reject(error));
    });
  };

  /** Completes the statement that runs, and lets the next one begin. */
  async complete(): Promise<void> {
    this.#end?.(null);
    await setTimeout(0);
  }
}

let session: OneSession;
beforeEach(() => {
  session = new OneSession();
});

describe('the order of statements', () => {
  test('writes run before reads, and the caller with the least database time runs first', async () => {
    const { queue, statement } = session;
    const [busy, quiet] = [{}, {}];
    const reads = [queue.read(statement('busy 1'), busy), queue.read(statement('busy 2'), busy)];
    await setTimeout(5);
    reads.push(queue.read(statement('quiet'), quiet));
    const write = queue.write(statement('write'));
    for (let n = 0; n < 4; n += 1) await session.complete();
    await Promise.all([...reads, write]);
    expect(session.begun).toEqual(['busy 1', 'write', 'quiet', 'busy 2']);
  });

  test('as many reads as a caller may have wait for its signal without a warning of the process', async () => {
    const { queue, statement } = session;
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on('warning', warned);
    const caller = { signal: new AbortController().signal };
    const reads = Array.from({ length: 32 }, (_, n) => queue.read(statement(`read ${n}`), caller));
    for (let n = 0; n < reads.length; n += 1) await session.complete();
    await Promise.all(reads);
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  test('a transaction runs alone; two writes are under way at a time', async () => {
    const { queue, statement } = session;
    void queue.write(statement('first'));
    void queue.write(statement('second'));
    void queue.write(statement('third'));
    expect(session.begun).toEqual(['first', 'second']);
    const alone = new OneSession();
    void alone.queue.transaction(alone.statement('transaction'));
    void alone.queue.write(alone.statement('write'));
    expect(alone.begun).toEqual(['transaction']);
    await alone.complete();
    expect(alone.begun).toEqual(['transaction', 'write']);
  });
});

describe('a read that others wait for', () => {
  test('is interrupted, and begins anew when they are done', async () => {
    const { queue, statement } = session;
    const slow = queue.read(statement('slow'));
    const quick = queue.read(statement('quick'));
    while (session.begun.length < 2) await setTimeout(10);
    await session.complete();
    await session.complete();
    expect(await Promise.all([slow, quick])).toEqual(['slow', 'quick']);
    expect(session.begun).toEqual(['slow', 'quick', 'slow']);
  });

  test('is rejected after six interruptions', async () => {
    const { queue, statement } = session;
    const slow = queue.read(statement('slow')).catch((error: Error) => error.message);
    for (let n = 0; n < 6; n += 1) {
      const write = queue.write(statement('write'));
      while (session.begun.at(-1) !== 'write') await setTimeout(10);
      await session.complete();
      await write;
    }
    expect(await slow).toMatch(/^The query takes the embedded database too long/);
  });

  test('runs on while nobody waits', async () => {
    const { queue, statement } = session;
    const slow = queue.read(statement('slow'));
    await setTimeout(300);
    await session.complete();
    expect(await slow).toBe('slow');
    expect(session.begun).toEqual(['slow']);
  });
});

describe('the bounds of the queue', () => {
  test('one caller may queue 32 reads, and others still get their turn', async () => {
    const { queue, statement } = session;
    const caller = {};
    for (let n = 0; n < 32; n += 1) queue.read(statement('many'), caller).catch(() => {});
    await expect(queue.read(statement('too many'), caller)).rejects.toThrow(
      'The database has too much to do',
    );
    const other = queue.read(statement('other'), {});
    await session.complete();
    expect(session.begun).toEqual(['many', 'other']);
    await session.complete();
    expect(await other).toBe('other');
  });

  test('reads end with the signal of their caller, waiting or running', async () => {
    const { queue, statement } = session;
    const client = new AbortController();
    const reads = ['running', 'waiting'].map((name) =>
      queue.read(statement(name), { signal: client.signal }).catch(({ name }: Error) => name),
    );
    client.abort();
    expect(await Promise.all(reads)).toEqual(['Busy', 'Busy']);
    expect(session.begun).toEqual(['running']);
  });
});
