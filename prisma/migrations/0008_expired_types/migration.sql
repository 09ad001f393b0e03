-- How many events of each type retention has deleted, so that they can be counted for ever.
ALTER TABLE "event_types" ADD COLUMN "expired" BIGINT NOT NULL DEFAULT 0;
