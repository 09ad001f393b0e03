-- Text that is compared in order is COLLATE "C", by code point, so that the database and the gateway agree.
CREATE TABLE "events" (
    "id" UUID NOT NULL,
    "index" BIGINT NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "category" TEXT COLLATE "C" NOT NULL,
    "action" TEXT COLLATE "C",
    "type" TEXT COLLATE "C" NOT NULL,
    "severity" TEXT COLLATE "C",
    "service" TEXT COLLATE "C",
    "instance" TEXT COLLATE "C",
    "endpoint" TEXT COLLATE "C",
    "node" TEXT COLLATE "C",
    "component" TEXT COLLATE "C",
    "plane" TEXT COLLATE "C",
    "layer" TEXT COLLATE "C",
    "key" TEXT COLLATE "C",
    "filter_keys" TEXT[] COLLATE "C" NOT NULL,
    "message" TEXT,
    "tags" TEXT[] COLLATE "C" NOT NULL,
    "traits" JSONB NOT NULL,
    "value" JSONB,
    "time" TIMESTAMPTZ(6) NOT NULL,
    "end_time" TIMESTAMPTZ(6),
    "recorded_at" TIMESTAMPTZ(6) NOT NULL,
    "dialect" TEXT COLLATE "C" NOT NULL,
    "raw" JSON,
    "parts" JSON,

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "events_index_key" ON "events"("index");
-- Newest first, and time ranges.
CREATE INDEX "events_time_idx" ON "events"("time" DESC, "index" DESC);
-- Types, and categories and globs as ranges of types.
CREATE INDEX "events_type_idx" ON "events"("type", "time" DESC, "index" DESC);
CREATE INDEX "events_tags_idx" ON "events" USING GIN ("tags");
-- An event is found by its key and by each of its filter keys.
CREATE INDEX "events_keys_idx" ON "events" USING GIN (array_append("filter_keys", "key"));
CREATE INDEX "events_traits_idx" ON "events" USING GIN ("traits" jsonb_path_ops);

CREATE TABLE "event_types" (
    "category" TEXT COLLATE "C" NOT NULL,
    "action" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "event_types_pkey" PRIMARY KEY ("category", "action")
);

CREATE TABLE "event_traits" (
    "event_type" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "type" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "event_traits_pkey" PRIMARY KEY ("event_type", "name", "type")
);

CREATE TABLE "events_refused" (
    "index" BIGINT NOT NULL,
    "body" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "refused_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "events_refused_pkey" PRIMARY KEY ("index")
);

CREATE TABLE "journal_state" (
    "single" BOOLEAN NOT NULL DEFAULT true,
    "stored_index" BIGINT NOT NULL DEFAULT 0,
    "expired_index" BIGINT NOT NULL DEFAULT 0,
    "holder" TEXT,
    "lease_until" TIMESTAMPTZ(6),

    CONSTRAINT "journal_state_pkey" PRIMARY KEY ("single"),
    CONSTRAINT "journal_state_single_check" CHECK ("single")
);

INSERT INTO "journal_state" DEFAULT VALUES;

CREATE TABLE "journal_streams" (
    "identity" TEXT NOT NULL,
    "base" BIGINT NOT NULL,

    CONSTRAINT "journal_streams_pkey" PRIMARY KEY ("identity")
);
