-- All events are also counted without their type, as under a tag: histograms and counts read these rows, of which there are far fewer.
-- They are made of the rows by type. An earlier version, which would not keep them, fails for want of its key.
ALTER TABLE "event_counts" ADD COLUMN "by_type" BOOLEAN NOT NULL DEFAULT false;
UPDATE "event_counts" SET "by_type" = true WHERE "tag" = '';
INSERT INTO "event_counts" ("minutes", "by_type", "tag", "bucket", "key", "namespace", "category", "severity", "dialect", "partition", "count")
SELECT "minutes", false, '', "bucket",
    substring(sha256(convert_to(json_build_array("namespace", '', NULL, "severity", "dialect") || CASE "partition" WHEN 0 THEN '' ELSE "partition"::text END, 'UTF8')), 1, 16),
    "namespace", '', "severity", "dialect", "partition", sum("count")
FROM "event_counts" WHERE "by_type" GROUP BY "minutes", "bucket", "namespace", "severity", "dialect", "partition";
ALTER TABLE "event_counts" DROP CONSTRAINT "event_counts_pkey";
ALTER TABLE "event_counts" ADD CONSTRAINT "event_counts_pkey" PRIMARY KEY ("minutes", "by_type", "tag", "bucket", "key");
ALTER TABLE "event_counts" ALTER COLUMN "by_type" DROP DEFAULT;
