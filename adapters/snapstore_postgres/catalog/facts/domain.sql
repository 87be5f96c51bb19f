-- nothing without pg_type WHERE typtype = 'd' AND oid >= 16384
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('domain:%I.%I', n.nspname, t.typname), NULL,
       pg_get_userbyid(t.typowner) AS owner,
       format_type(t.typbasetype, t.typtypmod) AS type,
       {{collation_unless(t.typcollation, b.typcollation)}} AS collation,
       pg_get_expr(t.typdefaultbin, 0) AS default,
       -- Where a plain NOT NULL would get another.
       (SELECT format('%I', k.conname) FROM pg_constraint k                                         -- since 17
         WHERE k.contypid = t.oid AND k.contype = 'n'                                               -- since 17
           AND k.conname <> t.typname || '_not_null') AS not_null_name,                             -- since 17
       nullif(t.typnotnull, false) AS not_null
  FROM pg_type t JOIN pg_type b ON b.oid = t.typbasetype JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'd' AND n.oid = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
