import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EventDraft } from '../../src/event/draft.ts';
import type { Event } from '../../src/event/event.ts';
import { InputError } from '../../src/event/input-error.ts';
import { createIntake } from '../../src/intake/accept.ts';
import { defaultLimits } from '../../src/intake/limits.ts';
import { EmbeddedJournal } from '../../src/journal/embedded.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { type OpenStore, openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { type DataDirectory, dataDirectory } from '../pglite.ts';

const id = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a';
const draft = (said: Partial<EventDraft> = {}): EventDraft => ({ dialect: 'TIDINGS', ...said });

describe('report', () => {
  let data: DataDirectory;
  let store: OpenStore;
  let journal: EmbeddedJournal;
  let told: Event[];
  /** The last index before the test. */
  let last: number;

  beforeAll(async () => {
    data = await dataDirectory();
    store = await openStore({
      databaseUrl: null,
      dataDirectory: data.path,
      exclusive: true,
      log: createLog('silent'),
    });
  });

  beforeEach(async () => {
    journal = await EmbeddedJournal.open(store);
    last = journal.position;
    told = [];
    journal.follow((changes) => told.push(...changes));
  });

  afterEach(() => journal[Symbol.asyncDispose]());

  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    await data[Symbol.asyncDispose]();
  });

  const intake = (limits = defaultLimits) =>
    createIntake({
      journal,
      store,
      limits,
    });

  test('a report whose id belongs to another namespace is in conflict at its id, the others are recorded', async () => {
    const id = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b70';
    const own = draft({ id, namespace: 'a', type: 'x', time: 1 });
    await intake().report([own], 'STORED');
    const results = await intake().report(
      [{ ...own, namespace: 'b' }, { ...own, namespace: undefined }, own, draft({ type: 'y' })],
      'STORED',
    );
    expect(results).toMatchObject([
      { status: 'REJECTED', errors: [{ path: ['id'], code: 'CONFLICT' }] },
      { status: 'REJECTED', errors: [{ path: ['id'], code: 'CONFLICT' }] },
      { status: 'DUPLICATE' },
      { status: 'STORED' },
    ]);
    expect(told.map(({ type, namespace }) => [type, namespace])).toEqual([
      ['x', 'a'],
      ['y', 'default'],
    ]);
  });

  test('each draft is answered for itself, in order, and the good ones are recorded', async () => {
    const results = await intake().report(
      [draft({ type: 'a.b' }), draft({ id: 'x' }), draft({ type: 'c' })],
      'ACCEPTED',
    );
    expect(results).toMatchObject([
      {
        status: 'ACCEPTED',
        index: last + 1,
        report: { category: 'a', action: 'b', generatedId: true },
      },
      { status: 'REJECTED', errors: [{ path: ['id'], code: 'INVALID' }] },
      { status: 'ACCEPTED', index: last + 2, report: { category: 'c' } },
    ]);
    expect(told.map(({ category }) => category)).toEqual(['a', 'c']);
  });

  test('STORED waits for the store', async () => {
    const results = await intake().report([draft(), draft()], 'STORED');
    expect(results.map(({ status }) => status)).toEqual(['STORED', 'STORED']);
    const kept = await store.after(last, 10);
    expect(kept.map(({ index }) => index)).toEqual(
      results.map((each) => 'index' in each && each.index),
    );
  });

  test('a store that does not get there answers ACCEPTED', async () => {
    const asked: number[][] = [];
    const slow = createIntake({
      journal,
      store: {
        untilStored: (...wanted) => {
          asked.push(wanted);
          return Promise.resolve(false);
        },
      },
    });
    const results = await slow.report([draft(), draft()], 'STORED');
    expect(results.map(({ status }) => status)).toEqual(['ACCEPTED', 'ACCEPTED']);
    expect(asked).toEqual([[last + 2, 5_000]]);
  });

  test('a repeat is a duplicate', async () => {
    const again = draft({ id, time: '2026-11-20T08:15:30Z' });
    const { report } = intake();
    expect(await report([again, again], 'STORED')).toMatchObject([
      { status: 'STORED', index: last + 1 },
      { status: 'DUPLICATE' },
    ]);
    expect(told).toHaveLength(1);
  });

  test('nothing good is nothing to append', async () => {
    await journal[Symbol.asyncDispose]();
    expect(await intake().report([draft({ id: 'x' })], 'STORED')).toMatchObject([
      { status: 'REJECTED' },
    ]);
    expect(await intake().report([], 'STORED')).toEqual([]);
  });

  test('more events than one call may have are rejected together', async () => {
    const few = intake({ ...defaultLimits, events: 2 });
    await expect(few.report([draft(), draft(), draft()], 'ACCEPTED')).rejects.toThrow(InputError);
    expect(await journal.lastIndex()).toBe(last);
  });

  test('a journal that is down is an error of the call', async () => {
    await journal[Symbol.asyncDispose]();
    await expect(intake().report([draft()], 'ACCEPTED')).rejects.toThrow(Unavailable);
  });
});
