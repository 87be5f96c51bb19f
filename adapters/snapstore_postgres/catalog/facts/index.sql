-- Those that no constraint owns.
SELECT 'pg_class'::regclass::oid, c.oid, 0, format('index:%I.%I', n.nspname, c.relname),
       CASE t.relkind WHEN 'm' THEN 'matview:' ELSE 'table:' END || format('%I.%I', tn.nspname, t.relname),
       pg_get_indexdef(c.oid) AS definition,
       nullif(NOT i.indisvalid AND {{lacking(i.indexrelid, i.indrelid)}}, false) AS invalid,
       -- Only an expression can have a target of its own.
       CASE WHEN i.indexprs IS NOT NULL THEN (
          SELECT json_object_agg(a.attnum, a.attstattarget ORDER BY a.attnum)
            FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attstattarget >= 0) END AS statistics,
       {{tablespace(c)}} AS tablespace
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
 WHERE t.relkind IN ('r', 'p', 'm') AND n.oid = ANY ($1) AND c.relpersistence <> 't'
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
   AND NOT {{member(pg_class, c.oid)}} AND NOT {{member(pg_class, t.oid)}}
