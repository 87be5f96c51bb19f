-- That a table is a partition: a fact of its own, with no address, because it can come and go by itself.
-- nothing without pg_inherits
SELECT 0::oid, 0::oid, 0, format('partition:%I.%I', n.nspname, c.relname), format('table:%I.%I', n.nspname, c.relname),
       format('%I.%I', pn.nspname, p.relname) AS of,
       pg_get_expr(c.relpartbound, c.oid) AS bound,
       nullif(i.inhdetachpending, false) AS detaching -- a DETACH CONCURRENTLY was cut: it can only be finished
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
 WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f') AND n.oid = ANY ($1)
   AND NOT {{member(pg_class, c.oid)}}
