-- What else the event of an alarm says, as a part of its value.
ALTER TABLE "alarms" ADD COLUMN "details" JSONB;
