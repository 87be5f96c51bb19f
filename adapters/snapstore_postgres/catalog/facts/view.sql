SELECT 'pg_class'::regclass::oid, c.oid, 0, format('view:%I.%I', n.nspname, c.relname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(c.relowner),
         'query', pg_get_viewdef(c.oid),
         'options', {{options(c.reloptions)}},
         'columns', {{relation_columns}}))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'v' AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
   AND NOT {{member(pg_class, c.oid)}}
