SELECT 'pg_type'::regclass::oid, t.oid, 0, format('domain:%I.%I', n.nspname, t.typname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(t.typowner),
         'type', format_type(t.typbasetype, t.typtypmod),
         'collation', {{collation_unless(t.typcollation, b.typcollation)}},
         'default', pg_get_expr(t.typdefaultbin, 0),
         'not_null', nullif(t.typnotnull, false)))
  FROM pg_type t JOIN pg_type b ON b.oid = t.typbasetype JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'd' AND t.typnamespace = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
