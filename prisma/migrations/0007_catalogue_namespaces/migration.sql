-- The catalogue knows in which namespaces a type and a trait were reported. What no kept event says any more is in none: ''.
-- An entry of an index holds 2,600 bytes.
ALTER TABLE "event_types" ADD COLUMN "namespace" TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE "event_types" DROP CONSTRAINT "event_types_pkey";
ALTER TABLE "event_types" ALTER COLUMN "namespace" DROP DEFAULT;
INSERT INTO "event_types" ("namespace", "category", "action")
  SELECT DISTINCT "namespace", "category", COALESCE("action", '') FROM "events"
  WHERE octet_length("namespace" || "type") <= 2600;
DELETE FROM "event_types" AS "old" WHERE "namespace" = '' AND EXISTS (
  SELECT FROM "event_types" AS "new"
  WHERE "new"."namespace" <> '' AND "new"."category" = "old"."category" AND "new"."action" = "old"."action"
);
ALTER TABLE "event_types" ADD CONSTRAINT "event_types_pkey" PRIMARY KEY ("namespace", "category", "action");

ALTER TABLE "event_traits" ADD COLUMN "namespace" TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE "event_traits" DROP CONSTRAINT "event_traits_pkey";
ALTER TABLE "event_traits" ALTER COLUMN "namespace" DROP DEFAULT;
INSERT INTO "event_traits" ("namespace", "event_type", "name", "type")
  SELECT DISTINCT "events"."namespace", "old"."event_type", "old"."name", "old"."type"
  FROM "event_traits" AS "old"
  JOIN "events" ON "events"."type" = "old"."event_type"
    AND "events"."traits" @> jsonb_build_array(jsonb_build_object('name', "old"."name"))
  WHERE octet_length("events"."namespace" || "old"."event_type" || "old"."name") <= 2600;
DELETE FROM "event_traits" AS "old" WHERE "namespace" = '' AND EXISTS (
  SELECT FROM "event_traits" AS "new"
  WHERE "new"."namespace" <> '' AND "new"."event_type" = "old"."event_type"
    AND "new"."name" = "old"."name" AND "new"."type" = "old"."type"
);
ALTER TABLE "event_traits" ADD CONSTRAINT "event_traits_pkey" PRIMARY KEY ("namespace", "event_type", "name", "type");
