-- One row a sink that has asked its target for consent: what it asked, and what the target answered by the callback.
CREATE TABLE "sink_consents" (
    "sink_id" UUID NOT NULL,
    "url" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "granted_at" TIMESTAMPTZ(6),
    "rate" INTEGER,

    CONSTRAINT "sink_consents_pkey" PRIMARY KEY ("sink_id"),
    CONSTRAINT "sink_consents_sink_id_fkey" FOREIGN KEY ("sink_id") REFERENCES "sinks" ("id") ON DELETE CASCADE
);

CREATE UNIQUE INDEX "sink_consents_token_key" ON "sink_consents" ("token");
