import { afterEach, expect, test, vi } from 'vitest';
import { RollupFill } from '../../../src/store/write/rollup-fill.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { patienceMs } from '../../patience.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts whatever it is asked to in this time, and remembers how many that was at most. */
function storeOf(storedIndex: number, busyMsOf = (_maxEvents: number) => 0) {
  const state = { rolledIndex: 0, storedIndex };
  const batches: number[] = [];
  const rollupProgress = vi.fn(async () => ({ ...state }));
  const rollUp = async (maxEvents = 0) => {
    batches.push(maxEvents);
    state.rolledIndex = Math.min(state.storedIndex, state.rolledIndex + maxEvents);
    return { ...state, busyMs: busyMsOf(maxEvents) };
  };
  return { state, batches, rollupProgress, rollUp };
}

test('batches grow while they take no time, and the next fill begins with the size of the last one', async () => {
  vi.spyOn(performance, 'now').mockReturnValue(60_000);
  const store = storeOf(1_000);
  await using fill = new RollupFill(store, createLog('silent'));
  const counted = async () => {
    await vi.waitFor(() => expect(store.state.rolledIndex).toBe(store.state.storedIndex), {
      timeout: patienceMs,
    });
    return store.batches.splice(0);
  };
  expect(await counted()).toEqual([100, 200, 400, 800]);
  store.state.storedIndex = 6_000;
  // The last batch was not full: it says nothing about larger ones.
  expect(await counted()).toEqual([800, 1_600, 3_200]);
  await vi.waitFor(() => expect(fill.uncounted).toBe(0), { timeout: patienceMs });
});

test('a batch is as large as the database counts in 60 ms', async () => {
  vi.spyOn(performance, 'now').mockReturnValue(60_000);
  const store = storeOf(1_600, (maxEvents) => maxEvents / 10);
  await using _fill = new RollupFill(store, createLog('silent'));
  await vi.waitFor(() => expect(store.state.rolledIndex).toBe(1_600), { timeout: patienceMs });
  expect(store.batches).toEqual([100, 200, 400, 400, 400, 400]);
});

test('fewer events than are worth a statement wait until they are more', async () => {
  vi.spyOn(performance, 'now').mockReturnValue(0);
  const store = storeOf(1_999);
  await using fill = new RollupFill(store, createLog('silent'));
  await vi.waitFor(() => expect(store.rollupProgress.mock.calls.length).toBeGreaterThan(1), {
    timeout: patienceMs,
  });
  expect(store.batches).toEqual([]);
  expect(fill.uncounted).toBe(1_999);
  store.state.storedIndex = 2_000;
  await vi.waitFor(() => expect(store.batches).not.toEqual([]), { timeout: patienceMs });
});

test('an error is logged, and the events are counted later', async () => {
  vi.spyOn(performance, 'now').mockReturnValue(60_000);
  const log = createLog('silent');
  const logged = vi.spyOn(log, 'error');
  const store = storeOf(10);
  store.rollupProgress.mockRejectedValueOnce(new Error('no such column'));
  await using _fill = new RollupFill(store, log);
  await vi.waitFor(() => expect(store.state.rolledIndex).toBe(10), { timeout: patienceMs });
  expect(logged).toHaveBeenCalledTimes(1);
});
