-- nothing without pg_transform
SELECT 'pg_transform'::regclass::oid, t.oid, 0,
       format('transform:FOR %s LANGUAGE %I', format_type(t.trftype, NULL), l.lanname), NULL,
       nullif(t.trffromsql, 0)::regprocedure::text AS from_sql,
       nullif(t.trftosql, 0)::regprocedure::text AS to_sql
  FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
 WHERE NOT {{member(pg_transform, t.oid)}}
