-- One row a gateway that runs: as many share the limits of a principal.
CREATE TABLE "gateways" (
    "id" UUID NOT NULL,
    "alive_until" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "gateways_pkey" PRIMARY KEY ("id")
);
