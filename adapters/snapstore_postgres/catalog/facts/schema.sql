SELECT 'pg_namespace'::regclass::oid, n.oid, 0, format('schema:%I', n.nspname), NULL,
       json_build_object('owner', pg_get_userbyid(n.nspowner))
  FROM pg_namespace n
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_namespace, n.oid)}}
