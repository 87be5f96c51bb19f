-- The default of a column of a table or a view. The expression of a generated column is part of the column.
-- This one names no column, so that it can be printed without its relation, which a server would have to load.
-- One that is nothing but NULL is none: the server keeps it from a former type, and takes none that is new.
WITH relations AS MATERIALIZED (
  SELECT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'f', 'v') AND n.oid = ANY ($1) AND c.relpersistence <> 't'
     AND NOT {{member(pg_class, c.oid)}}
)
SELECT 'pg_attrdef'::regclass::oid, d.oid, 0, 'default:' || c.name || '.' || quote_ident(a.attname),
       CASE c.relkind WHEN 'v' THEN 'view:' || c.name
                      ELSE 'column:' || c.name || '.' || quote_ident(a.attname) END,
       pg_get_expr(d.adbin, 0) AS expression
  FROM pg_attrdef d JOIN relations c ON c.oid = d.adrelid
  JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 WHERE a.attgenerated = '' AND d.adbin::text NOT LIKE '_CONST %:constisnull true%'
