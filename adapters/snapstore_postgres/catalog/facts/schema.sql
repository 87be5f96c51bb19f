SELECT 'pg_namespace'::regclass::oid, n.oid, 0, format('schema:%I', n.nspname), NULL,
       pg_get_userbyid(n.nspowner) AS owner
  FROM pg_namespace n
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_namespace, n.oid)}}
