-- The index by which replicas identify the rows of a table.
-- nothing without pg_index WHERE indisreplident AND indexrelid >= 16384
SELECT 0::oid, 0::oid, 0, format('replica_identity:%I.%I', tn.nspname, t.relname),
       CASE t.relkind WHEN 'm' THEN 'matview:' ELSE 'table:' END || format('%I.%I', tn.nspname, t.relname),
       format('%I', c.relname) AS index,
       {{index_identity(c.oid)}} AS identity
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
 WHERE i.indisreplident AND t.relreplident = 'i' AND c.relnamespace = ANY ($1) AND NOT {{member(pg_class, t.oid)}}
