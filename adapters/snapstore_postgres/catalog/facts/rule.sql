-- A view's query is a rule too, but part of the view.
-- nothing without pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384
SELECT 'pg_rewrite'::regclass::oid, r.oid, 0, format('rule:%I.%I.%I', n.nspname, c.relname, r.rulename),
       CASE c.relkind WHEN 'v' THEN 'view:' WHEN 'm' THEN 'matview:' ELSE 'table:' END
         || format('%I.%I', n.nspname, c.relname),
       pg_get_ruledef(r.oid) AS definition,
       nullif(r.ev_enabled, 'O') AS enabled
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE r.rulename <> '_RETURN' AND n.oid = ANY ($1) AND NOT {{member(pg_class, c.oid)}}
