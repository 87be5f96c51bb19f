-- nothing without pg_foreign_server
SELECT 'pg_user_mapping'::regclass::oid, u.umid, 0,
       format('user_mapping:%s:%I', CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END, u.srvname),
       NULL,
       CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END AS user,
       format('%I', u.srvname) AS server,
       {{named_options(u.umoptions)}} AS options
  FROM pg_user_mappings u
 WHERE NOT {{member(pg_user_mapping, u.umid)}}
   AND {{may_read_mapping}}
