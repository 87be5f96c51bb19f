-- Volatile: how large relations are and how their columns lie. What they are known by
-- tells renamed ones. It helps to plan and is no state.
SELECT CASE c.relkind WHEN 'm' THEN 'matview:' ELSE 'table:' END || format('%I.%I', n.nspname, c.relname),
       greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))::bigint,
       CASE WHEN c.relkind IN ('p', 'f') THEN 0 ELSE pg_relation_size(c.oid) END,
       a.names, a.numbers,
       (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) || '/' || c.oid
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (
    SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS names,
           array_agg(a.attnum::bigint ORDER BY a.attnum) AS numbers
      FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) a
 WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.oid = ANY ($1) AND c.relpersistence <> 't'
UNION ALL
-- Types have no size, but parts whose names can change.
SELECT format('enum:%I.%I', n.nspname, t.typname), NULL, NULL,
       array_agg(quote_ident(e.enumlabel) ORDER BY e.enumsortorder), array_agg(e.oid::bigint ORDER BY e.enumsortorder),
       (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) || '/' || t.oid
  FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE n.oid = ANY ($1)
 GROUP BY t.oid, t.typname, n.nspname
UNION ALL
SELECT format('composite:%I.%I', n.nspname, c.relname), NULL, NULL,
       array_agg(quote_ident(a.attname) ORDER BY a.attnum), array_agg(a.attnum::bigint ORDER BY a.attnum),
       (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) || '/' || c.reltype
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind = 'c' AND n.oid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
 GROUP BY c.oid, c.relname, c.reltype, n.nspname
