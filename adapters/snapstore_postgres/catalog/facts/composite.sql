-- nothing without pg_class WHERE relkind = 'c' AND oid >= 16384
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('composite:%I.%I', n.nspname, t.typname), NULL,
       pg_get_userbyid(t.typowner) AS owner,
       coalesce({{relation_columns}}, '[]') AS attributes
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE c.relkind = 'c' AND n.oid = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
