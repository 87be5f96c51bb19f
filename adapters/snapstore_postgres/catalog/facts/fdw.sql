-- nothing without pg_foreign_data_wrapper
SELECT 'pg_foreign_data_wrapper'::regclass::oid, w.oid, 0, format('fdw:%I', w.fdwname), NULL,
       pg_get_userbyid(w.fdwowner) AS owner,
       nullif(w.fdwhandler, 0)::regproc::text AS handler,
       nullif(w.fdwvalidator, 0)::regproc::text AS validator,
       {{named_options(w.fdwoptions)}} AS options
  FROM pg_foreign_data_wrapper w
 WHERE NOT {{member(pg_foreign_data_wrapper, w.oid)}}
