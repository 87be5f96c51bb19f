-- The tables whose rows are captured, of those named by parameter 1: what a row is known by (the columns of the
-- primary key, NULL where there is none), the columns that hold values of their own, the foreign keys among these
-- tables and the unique keys, which say what order changes of rows need.
WITH chosen AS (
  SELECT DISTINCT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) AS name
    FROM unnest($1::text[]) AS t(name) JOIN pg_class c ON c.oid = to_regclass(t.name)
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p'))
SELECT t.name, t.relkind = 'p',
       (SELECT {{key_columns(t.oid, k.conkey)}} FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'p'),
       ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a
              WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
              ORDER BY a.attname),
       (SELECT coalesce(json_agg(json_build_object(
                 'columns', {{key_columns(k.conrelid, k.conkey)}},
                 'table', f.name,
                 'key', {{key_columns(k.confrelid, k.confkey)}}) ORDER BY k.conname), '[]')
          FROM pg_constraint k JOIN chosen f ON f.oid = k.confrelid
         WHERE k.conrelid = t.oid AND k.contype = 'f'),
       (SELECT coalesce(json_agg({{key_columns(i.indrelid, i.indkey)}} ORDER BY x.relname), '[]')
          FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
         WHERE i.indrelid = t.oid AND i.indisunique AND NOT i.indisprimary)
  FROM chosen t
 ORDER BY t.name COLLATE "C"
