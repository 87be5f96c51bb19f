-- nothing without pg_foreign_server
SELECT 'pg_foreign_server'::regclass::oid, s.oid, 0, format('server:%I', s.srvname), NULL,
       pg_get_userbyid(s.srvowner) AS owner,
       s.srvtype AS type,
       s.srvversion AS version,
       format('%I', w.fdwname) AS wrapper,
       {{named_options(s.srvoptions)}} AS options
  FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
 WHERE NOT {{member(pg_foreign_server, s.oid)}}
