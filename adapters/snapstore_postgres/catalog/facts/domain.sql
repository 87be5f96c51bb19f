SELECT 'pg_type'::regclass::oid, t.oid, 0, format('domain:%I.%I', n.nspname, t.typname), NULL,
       pg_get_userbyid(t.typowner) AS owner,
       format_type(t.typbasetype, t.typtypmod) AS type,
       {{collation_unless(t.typcollation, b.typcollation)}} AS collation,
       pg_get_expr(t.typdefaultbin, 0) AS default,
       nullif(t.typnotnull, false) AS not_null
  FROM pg_type t JOIN pg_type b ON b.oid = t.typbasetype JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'd' AND t.typnamespace = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
