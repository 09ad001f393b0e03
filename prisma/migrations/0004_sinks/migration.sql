-- One row a sink: what it was given, and how it is.
CREATE TABLE "sinks" (
    "id" UUID NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "spec" JSONB NOT NULL,
    "secrets" TEXT,
    "state" TEXT NOT NULL,
    "state_reason" TEXT,
    "state_since" TIMESTAMPTZ(6) NOT NULL,
    "delivered_count" BIGINT NOT NULL DEFAULT 0,
    "failed_count" BIGINT NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "sinks_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "sinks_namespace_name_key" ON "sinks" ("namespace", "name");

-- One row a message that a target rejected.
CREATE TABLE "failed_deliveries" (
    "id" UUID NOT NULL,
    "sink_id" UUID NOT NULL,
    "index" BIGINT NOT NULL,
    "event_id" UUID NOT NULL,
    "order_key" TEXT NOT NULL,
    "key" TEXT,
    "status" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "last_status" INTEGER,
    "last_error" TEXT NOT NULL,
    "next_attempt_at" TIMESTAMPTZ(6),
    "content_type" TEXT NOT NULL,
    "headers" JSONB NOT NULL,
    "body" TEXT NOT NULL,

    CONSTRAINT "failed_deliveries_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "failed_deliveries_sink_id_fkey" FOREIGN KEY ("sink_id") REFERENCES "sinks" ("id") ON DELETE CASCADE
);

CREATE UNIQUE INDEX "failed_deliveries_sink_id_index_key" ON "failed_deliveries" ("sink_id", "index");

-- One row a replay: a part of the past that a sink delivers again.
CREATE TABLE "sink_replays" (
    "id" UUID NOT NULL,
    "sink_id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "from_index" BIGINT NOT NULL,
    "to_index" BIGINT NOT NULL,
    "filter" JSONB,
    "delivered_count" BIGINT NOT NULL DEFAULT 0,
    "failed_count" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "sink_replays_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "sink_replays_sink_id_fkey" FOREIGN KEY ("sink_id") REFERENCES "sinks" ("id") ON DELETE CASCADE
);

CREATE INDEX "sink_replays_sink_id_idx" ON "sink_replays" ("sink_id");
