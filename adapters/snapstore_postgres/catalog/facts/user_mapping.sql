SELECT 'pg_user_mapping'::regclass::oid, u.umid, 0,
       format('user_mapping:%s:%I', CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END, u.srvname),
       NULL,
       json_strip_nulls(json_build_object(
         'user', CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END,
         'server', format('%I', u.srvname),
         'options', {{named_options(u.umoptions)}}))
  FROM pg_user_mappings u
 WHERE NOT {{member(pg_user_mapping, u.umid)}}
