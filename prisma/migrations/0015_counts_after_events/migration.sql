-- New events are counted some seconds after they are written, by many at once: every stored event above rolled_index is not yet in
-- event_counts. Those that an earlier version counted out of turn are counted anew.
DELETE FROM "event_counts";
UPDATE "journal_state" SET "rolled_index" = 0;
ALTER TABLE "journal_state" DROP COLUMN "rolled_end";
