-- One row a durable consumer: how far it has settled the journal, and who runs it.
CREATE TABLE "consumers" (
    "name" TEXT COLLATE "C" NOT NULL,
    "cursor" BIGINT NOT NULL,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "holder" TEXT,
    "lease_until" TIMESTAMPTZ(6),

    CONSTRAINT "consumers_pkey" PRIMARY KEY ("name")
);
