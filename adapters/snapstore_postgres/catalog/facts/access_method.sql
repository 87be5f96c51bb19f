SELECT 'pg_am'::regclass::oid, a.oid, 0, format('access_method:%I', a.amname), NULL,
       json_build_object('type', a.amtype, 'handler', a.amhandler::text)
  FROM pg_am a
 WHERE a.oid >= 16384 AND NOT {{member(pg_am, a.oid)}}
