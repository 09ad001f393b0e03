-- Which journal the indexes belong to. It is given by the gateway that first uses the store.
ALTER TABLE "journal_state" ADD COLUMN "journal_id" UUID;
