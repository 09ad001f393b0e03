-- The roles of whoever made a silence, which bound what its filter asks about; null where there was no policy.
ALTER TABLE "silences" ADD COLUMN "owner_roles" JSONB;

-- A key of the rights under which the body was made; null where that is not known.
ALTER TABLE "failed_deliveries" ADD COLUMN "rights" TEXT;
