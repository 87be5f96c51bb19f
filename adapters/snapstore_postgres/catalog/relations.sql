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
           array_agg(a.attnum ORDER BY a.attnum) AS numbers
      FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) a
 WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
