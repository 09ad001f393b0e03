-- A secret is known by its SHA-256 alone.
CREATE TABLE "tokens" (
    "id" UUID NOT NULL,
    "digest" TEXT COLLATE "C" NOT NULL,
    "name" TEXT NOT NULL,
    "roles" TEXT[] NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    "expires_at" TIMESTAMPTZ(6),
    "last_used_at" TIMESTAMPTZ(6),
    "revoked_at" TIMESTAMPTZ(6),

    CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "tokens_digest_key" ON "tokens"("digest");

-- Each is deleted when it is used.
CREATE TABLE "stream_tickets" (
    "digest" TEXT COLLATE "C" NOT NULL,
    "principal" JSONB NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "stream_tickets_pkey" PRIMARY KEY ("digest")
);
