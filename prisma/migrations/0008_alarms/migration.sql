-- One row a rule: what it was given, and why it cannot be evaluated, if so.
CREATE TABLE "alarm_rules" (
    "id" UUID NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "definition" JSONB NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "owner_roles" JSONB,
    "problem" TEXT,
    "version" INTEGER NOT NULL,
    "active_since" TIMESTAMPTZ(6) NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "alarm_rules_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "alarm_rules_namespace_name_key" ON "alarm_rules" ("namespace", "name");

-- The one row that says which index the states below are as of, and at which moment.
CREATE TABLE "alarm_progress" (
    "single" BOOLEAN NOT NULL DEFAULT true,
    "index" BIGINT NOT NULL,
    "clock" BIGINT NOT NULL,

    CONSTRAINT "alarm_progress_pkey" PRIMARY KEY ("single"),
    CONSTRAINT "alarm_progress_single_check" CHECK ("single")
);

-- Where an entity of a rule is in its states. An entity without a row is as normal.
CREATE TABLE "alarm_states" (
    "rule_id" UUID NOT NULL,
    "entity" TEXT COLLATE "C" NOT NULL,
    "state" JSONB NOT NULL,

    CONSTRAINT "alarm_states_pkey" PRIMARY KEY ("rule_id", "entity")
);

-- One row an alarm: what its event does not say. Written before the event is reported.
CREATE TABLE "alarms" (
    "id" UUID NOT NULL,
    "rule_id" UUID NOT NULL,
    "rule_name" TEXT COLLATE "C" NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "entity" JSONB NOT NULL,
    "labels" TEXT[] COLLATE "C" NOT NULL,
    "severity" TEXT NOT NULL,
    "tags" TEXT[] COLLATE "C" NOT NULL,
    "message" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "recovered_at" TIMESTAMPTZ(6),
    "value" DOUBLE PRECISION,
    "latest_value" DOUBLE PRECISION,
    "threshold" DOUBLE PRECISION,
    "notices" INTEGER NOT NULL,
    "evidence" TEXT[] NOT NULL,
    "group_id" UUID,
    "acknowledged_at" TIMESTAMPTZ(6),
    "acknowledged_by" TEXT,
    "comment" TEXT,
    "reported" BOOLEAN NOT NULL DEFAULT false,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "alarms_pkey" PRIMARY KEY ("id")
);

-- Newest first.
CREATE INDEX "alarms_started_at_idx" ON "alarms" ("started_at" DESC, "id" DESC);
-- The alarms of a rule, and those that are firing.
CREATE INDEX "alarms_rule_id_idx" ON "alarms" ("rule_id", "started_at" DESC);
-- For those who follow alarms.
CREATE INDEX "alarms_updated_at_idx" ON "alarms" ("updated_at");
-- Alarms of which the event is still to be reported.
CREATE INDEX "alarms_unreported_idx" ON "alarms" ("id") WHERE NOT "reported";

-- One row a notice that speaks for many alarms of a rule, which began at once.
CREATE TABLE "alarm_groups" (
    "id" UUID NOT NULL,
    "rule_id" UUID NOT NULL,
    "rule_name" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "tags" TEXT[] NOT NULL,
    "sample" TEXT[] NOT NULL,
    "members" INTEGER NOT NULL,
    "firing" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "ended_at" TIMESTAMPTZ(6),
    "reported" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "alarm_groups_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "alarm_groups_unreported_idx" ON "alarm_groups" ("id") WHERE NOT "reported";

-- Until when alarms are recorded without being notified.
CREATE TABLE "silences" (
    "id" UUID NOT NULL,
    "namespace" TEXT NOT NULL,
    "rules" TEXT[] NOT NULL,
    "filter" JSONB,
    "until" TIMESTAMPTZ(6) NOT NULL,
    "comment" TEXT NOT NULL,
    "created_by" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "silences_pkey" PRIMARY KEY ("id")
);
