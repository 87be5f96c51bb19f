-- nothing without pg_enum
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('enum:%I.%I', n.nspname, t.typname), NULL,
       pg_get_userbyid(t.typowner) AS owner,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'e' AND n.oid = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
