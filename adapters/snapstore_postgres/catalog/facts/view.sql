SELECT 'pg_class'::regclass::oid, c.oid, 0, format('view:%I.%I', n.nspname, c.relname), NULL,
       pg_get_userbyid(c.relowner) AS owner,
       pg_get_viewdef(c.oid) AS query,
       c.reloptions AS options,
       {{relation_columns}} AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'v' AND n.oid = ANY ($1) AND c.relpersistence <> 't'
   AND NOT {{member(pg_class, c.oid)}}
