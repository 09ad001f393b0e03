-- The namespace of an event's first report owns it. Events whose reports are of several namespaces keep their content,
-- and move to the owner's. JSON with escapes that PostgreSQL cannot decode cannot be looked into, and stays.
UPDATE "events" SET "namespace" = "owned"."namespace"
FROM (
    SELECT "id", CASE WHEN "parts"::text ~ '\\u(0000|d[89a-f])' THEN NULL ELSE (
        SELECT "part" -> 'report' ->> 'namespace' FROM json_array_elements("parts") AS "part"
        ORDER BY ("part" ->> 'index')::bigint LIMIT 1
    ) END AS "namespace"
    FROM "events" WHERE "parts" IS NOT NULL
) AS "owned"
WHERE "events"."id" = "owned"."id" AND "events"."namespace" <> "owned"."namespace";
