import type { DeliveryCounts, SinkTable } from '../store/sinks/sink-table.ts';

/** Deliveries of this gateway: in all, and since they were saved. */
export class DeliveryCounter {
  readonly #unsaved = new Map<string, { delivered: number; failed: number }>();
  delivered = 0;
  failed = 0;
  /** Spans of events that were deleted before they could be delivered. */
  gaps = 0;

  /** @param ids of the sink, or of a replay and its sink */
  add(ids: readonly string[], counts: Partial<Pick<DeliveryCounts, 'delivered' | 'failed'>>): void {
    const { delivered = 0, failed = 0 } = counts;
    this.delivered += delivered;
    this.failed += failed;
    for (const id of ids) {
      const sum = this.#unsaved.get(id) ?? { delivered: 0, failed: 0 };
      sum.delivered += delivered;
      sum.failed += failed;
      this.#unsaved.set(id, sum);
    }
  }

  /** Counts that cannot be saved are kept for the next time. */
  async save(table: SinkTable): Promise<void> {
    if (this.#unsaved.size === 0) return;
    const counts = [...this.#unsaved].map(([id, sum]) => ({ id, ...sum }));
    this.#unsaved.clear();
    try {
      await table.count(counts);
    } catch (error) {
      for (const { id, ...sum } of counts) {
        this.add([id], sum);
        this.delivered -= sum.delivered;
        this.failed -= sum.failed;
      }
      throw error;
    }
  }
}
