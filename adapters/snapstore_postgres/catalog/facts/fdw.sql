SELECT 'pg_foreign_data_wrapper'::regclass::oid, w.oid, 0, format('fdw:%I', w.fdwname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(w.fdwowner),
         'handler', nullif(w.fdwhandler, 0)::regproc::text,
         'validator', nullif(w.fdwvalidator, 0)::regproc::text,
         'options', {{named_options(w.fdwoptions)}}))
  FROM pg_foreign_data_wrapper w
 WHERE NOT {{member(pg_foreign_data_wrapper, w.oid)}}
