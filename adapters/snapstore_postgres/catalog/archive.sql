-- Volatile: what earlier restores put aside, and whether a later one has taken it back; by what a table there is
-- known; whether rows that went elsewhere have marks beside it.
SELECT e.place, e.identity, e.kind,
       CASE WHEN e.returned_at IS NULL THEN e.facts END,
       e.returned_at IS NOT NULL,
       (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) || '/' || c.oid,
       a.names, a.numbers,
       EXISTS (SELECT FROM pg_namespace m WHERE m.nspname = e.place || '_moved')
  FROM snapstore_archive.entries e
  LEFT JOIN pg_namespace n ON n.nspname = e.place AND e.kind = 'table' AND e.returned_at IS NULL
  LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r'
  LEFT JOIN LATERAL (
    SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS names,
           array_agg(a.attnum::bigint ORDER BY a.attnum) AS numbers
      FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) a ON true
 ORDER BY e.archived_at, e.place
