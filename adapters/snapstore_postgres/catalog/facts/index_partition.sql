-- That an index is part of an index of the partitioned table above.
SELECT 0::oid, 0::oid, 0, 'index_partition:' || x.name,
       x.identity,
       px.name AS of,
       px.identity AS parent
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  JOIN {{indexes}} x ON x.oid = c.oid
  JOIN {{indexes}} px ON px.oid = i.inhparent
 WHERE c.relnamespace = ANY ($1) AND NOT {{member(pg_class, c.oid)}}
