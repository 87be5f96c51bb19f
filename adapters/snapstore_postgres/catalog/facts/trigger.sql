-- A trigger that a partition got from its parent is part of the parent's.
-- nothing without pg_trigger
SELECT 'pg_trigger'::regclass::oid, g.oid, 0, format('trigger:%I.%I.%I', n.nspname, c.relname, g.tgname),
       CASE c.relkind WHEN 'v' THEN 'view:' ELSE 'table:' END || format('%I.%I', n.nspname, c.relname),
       pg_get_triggerdef(g.oid) AS definition,
       nullif(g.tgenabled, 'O') AS enabled,
       nullif(g.tgconstraint <> 0, false) AS constraint
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND c.relkind IN ('r', 'p', 'f', 'v') AND n.oid = ANY ($1)
   AND NOT {{member(pg_class, c.oid)}}
