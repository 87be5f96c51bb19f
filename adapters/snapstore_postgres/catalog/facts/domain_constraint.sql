-- nothing without pg_type WHERE typtype = 'd' AND oid >= 16384
SELECT 'pg_constraint'::regclass::oid, k.oid, 0,
       format('constraint:%I.%I.%I', n.nspname, t.typname, k.conname),
       format('domain:%I.%I', n.nspname, t.typname),
       pg_get_constraintdef(k.oid) AS definition
  FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE k.contype = 'c' AND n.oid = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
