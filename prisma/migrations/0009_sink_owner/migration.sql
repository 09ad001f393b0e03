-- Whose rights bound a sink, as JSON; null for a sink of the operator's.
ALTER TABLE "sinks" ADD COLUMN "owner" TEXT;
