SELECT 'pg_transform'::regclass::oid, t.oid, 0,
       format('transform:FOR %s LANGUAGE %I', format_type(t.trftype, NULL), l.lanname), NULL,
       json_strip_nulls(json_build_object(
         'from_sql', nullif(t.trffromsql, 0)::regprocedure::text,
         'to_sql', nullif(t.trftosql, 0)::regprocedure::text))
  FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
 WHERE NOT {{member(pg_transform, t.oid)}}
