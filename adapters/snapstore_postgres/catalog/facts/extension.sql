SELECT 'pg_extension'::regclass::oid, e.oid, 0, format('extension:%I', e.extname), NULL,
       e.extversion AS version,
       format('%I', n.nspname) AS schema
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
