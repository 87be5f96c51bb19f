-- With the tables whose rows are the user's: pg_dump keeps those, and they go when the extension goes.
SELECT 'pg_extension'::regclass::oid, e.oid, 0, format('extension:%I', e.extname), NULL,
       e.extversion AS version,
       format('%I', n.nspname) AS schema,
       (SELECT array_agg(format('%I.%I', tn.nspname, t.relname) ORDER BY format('%I.%I', tn.nspname, t.relname))
          FROM unnest(e.extconfig) x (oid) JOIN pg_class t ON t.oid = x.oid
          JOIN pg_namespace tn ON tn.oid = t.relnamespace
         WHERE t.relkind IN ('r', 'p')) AS configuration
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
