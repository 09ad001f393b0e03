-- An event belongs to the partition that was the current one when its first report was stored. The table as it is here becomes the first:
-- the gateway sees to it (src/store/database/event-partitions.ts), after it has checked the constraint, which takes as long as reading
-- the table. Here nothing is rewritten or read.
ALTER TABLE "events" ADD COLUMN "partition" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "events" ADD CONSTRAINT "events_partition_check" CHECK ("partition" = 0) NOT VALID;

-- Of which partition the counted events are, so that their counts can be forgotten with it.
ALTER TABLE "event_counts" ADD COLUMN "partition" INTEGER NOT NULL DEFAULT 0;

-- The partition of new events, which are those above partition_from; and the dropped ones, of which there may be counts left.
ALTER TABLE "journal_state" ADD COLUMN "partition" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "journal_state" ADD COLUMN "partition_from" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "journal_state" ADD COLUMN "dropped_partitions" INTEGER[] NOT NULL DEFAULT '{}';
