-- How many events began in a minute or an hour, by namespace, type, severity and dialect: all of them under the tag '',
-- and those with a tag once more under each of their tags. The key stands for what an entry of an index may have no room for.
-- Counts change more often than anything else: the free part of a page takes the new version of a row.
CREATE TABLE "event_counts" (
    "minutes" SMALLINT NOT NULL,
    "tag" TEXT COLLATE "C" NOT NULL,
    "bucket" TIMESTAMPTZ(6) NOT NULL,
    "key" BYTEA NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "category" TEXT COLLATE "C" NOT NULL,
    "action" TEXT COLLATE "C",
    "severity" TEXT COLLATE "C" NOT NULL,
    "dialect" TEXT COLLATE "C" NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "event_counts_pkey" PRIMARY KEY ("minutes", "tag", "bucket", "key")
) WITH (fillfactor = 70);

-- Events above rolled_index, up to rolled_end, are not yet counted. The gateway counts them in the background.
ALTER TABLE "journal_state" ADD COLUMN "rolled_index" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "journal_state" ADD COLUMN "rolled_end" BIGINT NOT NULL DEFAULT 0;
UPDATE "journal_state" SET "rolled_end" = greatest("stored_index", (SELECT max("index") FROM "events"));
