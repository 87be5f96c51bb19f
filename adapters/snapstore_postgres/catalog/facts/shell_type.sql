-- The name of a base type, or of a range with a canonical function: their own functions are declared with it
-- before the type itself exists. One that stays a name has an owner, and others may stand on it.
-- nothing without pg_type WHERE typtype IN ('b', 'p', 'r') AND typinput <> 'array_in'::regproc AND oid >= 16384
SELECT CASE WHEN t.typisdefined THEN 0 ELSE 'pg_type'::regclass::oid END, CASE WHEN t.typisdefined THEN 0 ELSE t.oid END, 0,
       format('shell_type:%I.%I', n.nspname, t.typname), NULL,
       CASE WHEN NOT t.typisdefined THEN pg_get_userbyid(t.typowner) END AS owner
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE (t.typtype = 'b' AND NOT {{array_of_another(t)}} OR NOT t.typisdefined
        OR t.oid IN (SELECT rngtypid FROM pg_range WHERE rngcanonical <> 0))
   AND n.oid = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
