-- A list of all types or traits is read in its order, and ends as soon as it is too long.
CREATE INDEX "event_types_category_action_idx" ON "event_types" ("category", "action");
CREATE INDEX "event_traits_event_type_name_type_idx" ON "event_traits" ("event_type", "name", "type");
