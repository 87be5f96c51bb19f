SELECT 'pg_foreign_server'::regclass::oid, s.oid, 0, format('server:%I', s.srvname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(s.srvowner),
         'type', s.srvtype,
         'version', s.srvversion,
         'wrapper', format('%I', w.fdwname),
         'options', {{named_options(s.srvoptions)}}))
  FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
 WHERE NOT {{member(pg_foreign_server, s.oid)}}
