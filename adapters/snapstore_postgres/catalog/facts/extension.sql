SELECT 'pg_extension'::regclass::oid, e.oid, 0, format('extension:%I', e.extname), NULL,
       json_build_object(
         'version', e.extversion,
         'schema', format('%I', n.nspname))
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
