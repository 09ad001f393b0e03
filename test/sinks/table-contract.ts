import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { now } from '../../src/event/instant.ts';
import type { OpenStore } from '../../src/store/open.ts';
import type { NewFailedDelivery } from '../../src/store/sinks/failed-delivery-table.ts';

/** The rows of sinks and failed deliveries, over any database. */
export function sinkTableContract(store: () => OpenStore): void {
  const newSink = async (name = randomUUID()) => {
    const since = Math.floor(now() / 1_000) * 1_000;
    const row = {
      id: randomUUID(),
      namespace: 'default',
      name,
      origin: 'API' as const,
      spec: { any: ['thing'] },
      secrets: 'v1.sealed',
      owner: '{"name":"maker"}',
      state: 'ACTIVE' as const,
      stateReason: null,
      stateSince: since,
      deliveredCount: 0,
      failedCount: 0,
      version: 1,
      createdAt: since,
      updatedAt: since,
    };
    expect(await store().sinks.create(row)).toBe(true);
    return row;
  };

  describe('rows of sinks', () => {
    test('are found as they were made, and counted', async () => {
      const row = await newSink();
      expect(await store().sinks.find(row.id)).toEqual(row);
      await store().sinks.count([{ id: row.id, delivered: 3, failed: 1 }]);
      await store().sinks.count([{ id: row.id, delivered: 2, failed: 0 }]);
      const counted = { deliveredCount: 5, failedCount: 1 };
      expect(await store().sinks.find(row.id)).toMatchObject(counted);
    });

    test('have one name in a namespace, and one version at a time', async () => {
      const [row, other] = [await newSink(), await newSink()];
      expect(await store().sinks.create({ ...row, id: randomUUID() })).toBe(false);
      expect(await store().sinks.update({ ...other, name: row.name }, 1)).toBe('NAME_TAKEN');
      expect(await store().sinks.update({ ...other, name: randomUUID() }, 1)).toBe('UPDATED');
      expect(await store().sinks.update(other, 1)).toBe('CHANGED');
    });

    test('run while their state says it, and their replays with them', async () => {
      const row = await newSink();
      const replay = {
        id: randomUUID(),
        sinkId: row.id,
        state: 'RUNNING' as const,
        from: 1,
        to: 2,
        filter: null,
      };
      await store().sinks.createReplay({ ...replay, deliveredCount: 0, failedCount: 0 }, now());
      const running = async () => (await store().sinks.running()).filter(({ id }) => id === row.id);
      expect((await running()).map(({ replayId }) => replayId).toSorted()).toEqual([
        replay.id,
        null,
      ]);
      const paused = { state: 'PAUSED' as const, reason: 'lunch', since: row.stateSince };
      expect(await store().sinks.setState(row.id, ['FAILING'], paused)).toBe(false);
      expect(await store().sinks.setState(row.id, ['ACTIVE'], paused)).toBe(true);
      expect(await running()).toEqual([]);
    });
  });

  describe('failed deliveries', () => {
    const failure = (index: number, more: Partial<NewFailedDelivery> = {}): NewFailedDelivery => ({
      index,
      eventId: randomUUID(),
      orderKey: 'a',
      key: 'a',
      status: 'RETRYING',
      rights: 'of its owner',
      attempts: 1,
      lastStatus: 422,
      lastError: 'no',
      nextAttemptAtMs: Date.now() - 1_000,
      contentType: 'application/json',
      headers: { 'ce-id': '1' },
      body: '{}',
      ...more,
    });

    test('are kept once for each event, and go with their sink', async () => {
      const { id } = await newSink();
      const failed = store().failedDeliveries.of(id);
      const first = failure(7);
      expect(await failed.keep(first)).toBe(true);
      expect(await failed.keep(failure(7, { lastError: 'other' }))).toBe(true);
      const all = { statuses: ['RETRYING', 'DEAD'] as const, first: 10, afterIndex: 0 };
      const page = await store().failedDeliveries.page(id, all);
      expect(page.nodes).toMatchObject([
        { ...first, nextAttemptAtMs: expect.closeTo(first.nextAttemptAtMs ?? 0, 0) },
      ]);
      await store().sinks.delete(id);
      expect((await store().failedDeliveries.page(id, all)).nodes).toEqual([]);
    });

    test('are due one by one of each key, in index order', async () => {
      const { id } = await newSink();
      const failed = store().failedDeliveries.of(id);
      await failed.keep(failure(3));
      await failed.keep(failure(5));
      await failed.keep(failure(4, { orderKey: 'b' }));
      await failed.keep(failure(6, { orderKey: 'c', nextAttemptAtMs: Date.now() + 60_000 }));
      expect(await failed.waitingKeys()).toEqual(new Set(['a', 'b', 'c']));
      const due = async () => (await failed.due(10)).map(({ index }) => index);
      expect(await due()).toEqual([3, 4]);
      const [third] = await failed.due(1);
      if (third !== undefined) await failed.delivered(third);
      expect(await due()).toEqual([4, 5]);
    });

    test('are dead without a next attempt, until a person asks for one', async () => {
      const { id } = await newSink();
      const failed = store().failedDeliveries.of(id);
      await failed.keep(failure(3));
      const [third] = await failed.due(1);
      if (third === undefined) throw new Error('none is due');
      await failed.rejected(third, { lastStatus: 400, lastError: 'never', nextAttemptAtMs: null });
      expect(await failed.due(10)).toEqual([]);
      expect(await failed.waitingKeys()).toEqual(new Set());
      expect(await failed.deadAfter(2)).toEqual(new Set([3]));
      expect(await failed.deadAfter(3)).toEqual(new Set());
      expect(await store().failedDeliveries.totalCount(id, ['DEAD'])).toBe(1);
      expect(await store().failedDeliveries.retry(id, [third.id])).toBe(1);
      expect(await failed.due(10)).toMatchObject([{ index: 3, attempts: 2, lastStatus: 400 }]);
      expect(await store().failedDeliveries.discard(id, null)).toBe(1);
    });

    test('have a bound', async () => {
      const { id } = await newSink();
      const failed = store().failedDeliveries.of(id);
      const body = 'x'.repeat(52 * 2 ** 20);
      expect(await failed.keep(failure(1, { body }))).toBe(true);
      expect(await failed.keep(failure(3, { body }))).toBe(false);
      expect(await failed.keep(failure(4))).toBe(true);
    });
  });
}
