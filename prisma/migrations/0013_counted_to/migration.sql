-- stored_index and expired_index together, as far as they were moved by gateways that count. One of an earlier version that
-- still runs, or runs again, moves only these two: from then on event_counts is not exact, and everything is counted anew.
ALTER TABLE "journal_state" ADD COLUMN "counted_to" BIGINT NOT NULL DEFAULT 0;
UPDATE "journal_state" SET "counted_to" = "stored_index" + "expired_index";
