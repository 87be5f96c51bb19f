-- The default of a column of a table or a view. The expression of a generated column is part of the column.
-- This one names no column, so that it can be printed without its relation, which a server would have to load.
SELECT 'pg_attrdef'::regclass::oid, d.oid, 0, format('default:%I.%I.%I', n.nspname, c.relname, a.attname),
       CASE c.relkind WHEN 'v' THEN format('view:%I.%I', n.nspname, c.relname)
                      ELSE format('column:%I.%I.%I', n.nspname, c.relname, a.attname) END,
       pg_get_expr(d.adbin, 0) AS expression
  FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE a.attgenerated = '' AND c.relkind IN ('r', 'p', 'f', 'v') AND c.relnamespace = ANY ($1)
   AND c.relpersistence <> 't' AND NOT {{member(pg_class, c.oid)}}
