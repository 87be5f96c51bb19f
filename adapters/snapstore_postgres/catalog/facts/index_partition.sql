-- That an index is part of an index of the partitioned table above.
-- nothing without pg_inherits
SELECT 0::oid, 0::oid, 0, format('index_partition:%I.%I', n.nspname, c.relname),
       {{index_identity(c.oid)}},
       format('%I.%I', pn.nspname, p.relname) AS of,
       {{index_identity(p.oid)}} AS parent
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
 WHERE c.relkind IN ('i', 'I') AND n.oid = ANY ($1) AND NOT {{member(pg_class, c.oid)}}
