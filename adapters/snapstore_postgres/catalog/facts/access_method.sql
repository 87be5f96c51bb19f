-- nothing without pg_am WHERE oid >= 16384
SELECT 'pg_am'::regclass::oid, a.oid, 0, format('access_method:%I', a.amname), NULL,
       a.amtype AS type,
       a.amhandler::text AS handler
  FROM pg_am a
 WHERE a.oid >= 16384 AND NOT {{member(pg_am, a.oid)}}
