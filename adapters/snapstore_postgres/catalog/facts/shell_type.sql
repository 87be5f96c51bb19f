-- The name of a base type, or of a range with a canonical function: their own functions are declared with it
-- before the type itself exists.
SELECT 0::oid, 0::oid, 0, format('shell_type:%I.%I', n.nspname, t.typname), NULL
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE (t.typtype = 'b' AND NOT (t.typcategory = 'A' AND t.typelem <> 0) OR NOT t.typisdefined
        OR t.oid IN (SELECT rngtypid FROM pg_range WHERE rngcanonical <> 0))
   AND t.typnamespace = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
