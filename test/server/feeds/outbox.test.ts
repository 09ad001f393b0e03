import { describe, expect, test } from 'vitest';
import { Outbox, type Owner, type Wire } from '../../../src/server/feeds/outbox.ts';

/** A connection with a buffer of a fixed size, which the test empties. */
class TestWire implements Wire {
  readonly writes: string[] = [];
  writableLength = 0;
  accepts = true;

  write(bytes: string): boolean {
    this.writes.push(bytes);
    if (!this.accepts) this.writableLength += bytes.length;
    return this.accepts;
  }
}

class Recorder implements Owner {
  sentUpTo = 0;
  overflows = 0;

  sent(index: number): void {
    this.sentUpTo = index;
  }

  overflowed(): void {
    this.overflows++;
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function open(maxBytes = 100): { wire: TestWire; outbox: Outbox } {
  const wire = new TestWire();
  return { wire, outbox: new Outbox(wire, maxBytes) };
}

/** One whose connection holds more than it wants. */
async function blocked(maxBytes = 100): Promise<{ wire: TestWire; outbox: Outbox }> {
  const { wire, outbox } = open(maxBytes);
  wire.accepts = false;
  outbox.push('first');
  await turn();
  wire.writes.length = 0;
  return { wire, outbox };
}

describe('the way out of a connection', () => {
  test('what is pushed in one turn leaves in one write, before the turn is over', async () => {
    const { wire, outbox } = open();
    const owner = new Recorder();
    outbox.push('a', owner, 1);
    outbox.push('b', owner, 2);
    await Promise.resolve();
    expect(wire.writes).toEqual(['ab']);
    outbox.push('c');
    await Promise.resolve();
    expect(wire.writes).toEqual(['ab', 'c']);
    expect(owner.sentUpTo).toBe(2);
  });

  test('what a slow reader cannot take waits, and leaves joined and in order', async () => {
    const { wire, outbox } = await blocked();
    const owner = new Recorder();
    outbox.push('a', owner, 1);
    outbox.push('b');
    outbox.push('c', owner, 3);
    await turn();
    expect(wire.writes).toEqual([]);
    expect(owner.sentUpTo).toBe(0);
    expect(outbox.queued).toBe('first'.length + 3);
    wire.writableLength = 0;
    wire.accepts = true;
    outbox.drained();
    expect(wire.writes).toEqual(['abc']);
    expect(owner.sentUpTo).toBe(3);
    expect(outbox.queued).toBe(0);
  });

  test('writes at most 64 KiB at a time', async () => {
    const { wire, outbox } = await blocked(2 ** 20);
    const owner = new Recorder();
    for (let n = 1; n <= 10; n++) outbox.push('x'.repeat(30_000), owner, n);
    outbox.drained();
    expect(wire.writes.map(({ length }) => length)).toEqual([90_000]);
    expect(owner.sentUpTo).toBe(3);
    wire.accepts = true;
    outbox.drained();
    expect(wire.writes.map(({ length }) => length)).toEqual([90_000, 90_000, 90_000, 30_000]);
    expect(owner.sentUpTo).toBe(10);
  });

  test('beyond the bound, the one with most that waits loses it, and only that one', async () => {
    const { wire, outbox } = await blocked(100);
    const [large, small] = [new Recorder(), new Recorder()];
    outbox.push('s'.repeat(20), small, 1);
    outbox.push('L'.repeat(60), large, 2);
    outbox.push('result');
    outbox.push('s'.repeat(20), small, 3);
    expect([large.overflows, small.overflows]).toEqual([1, 0]);
    expect(large.sentUpTo).toBe(0);
    wire.accepts = true;
    outbox.drained();
    expect(wire.writes).toEqual([`${'s'.repeat(20)}result${'s'.repeat(20)}`]);
    expect(small.sentUpTo).toBe(3);
  });

  test('one message may be larger than the bound', async () => {
    const { outbox } = await blocked(100);
    const owner = new Recorder();
    outbox.push('x'.repeat(1_000), owner, 1);
    expect(owner.overflows).toBe(0);
    outbox.push('y', owner, 2);
    expect(owner.overflows).toBe(1);
  });

  test('what must not be lost is not bounded', async () => {
    const { wire, outbox } = await blocked(100);
    for (let n = 0; n < 10; n++) outbox.push('x'.repeat(50));
    wire.accepts = true;
    outbox.drained();
    expect(wire.writes).toEqual(['x'.repeat(500)]);
  });

  test('has room while nothing waits, and resolves room() when there is room again', async () => {
    const { wire, outbox } = open();
    expect(outbox.hasRoom).toBe(true);
    wire.accepts = false;
    outbox.push('a');
    await turn();
    expect(outbox.hasRoom).toBe(false);
    let told = 0;
    void outbox.room().then(() => told++);
    void outbox.room().then(() => told++);
    outbox.push('b');
    outbox.drained();
    await turn();
    expect(told).toBe(0);
    wire.accepts = true;
    outbox.drained();
    await turn();
    expect(told).toBe(2);
  });

  test('a lot in one turn leaves no room until it has left', async () => {
    const { outbox } = open();
    outbox.push('x'.repeat(100_000));
    expect(outbox.hasRoom).toBe(false);
    await outbox.room();
    expect(outbox.hasRoom).toBe(true);
  });

  test('once closed it takes nothing and keeps nobody waiting', async () => {
    const { wire, outbox } = await blocked();
    const waiting = outbox.room();
    outbox.push('a');
    outbox.close();
    await waiting;
    outbox.push('b');
    outbox.drained();
    outbox.flush();
    await turn();
    expect(wire.writes).toEqual([]);
    await outbox.room();
  });
});
