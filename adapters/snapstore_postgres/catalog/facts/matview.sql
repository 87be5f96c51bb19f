-- nothing without pg_class WHERE relkind = 'm' AND oid >= 16384
SELECT 'pg_class'::regclass::oid, c.oid, 0, format('matview:%I.%I', n.nspname, c.relname), NULL,
       pg_get_userbyid(c.relowner) AS owner,
       pg_get_viewdef(c.oid) AS query,
       c.reloptions AS options,
       (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid) AS toast_options,
       {{relation_columns}} AS columns,
       nullif(NOT c.relispopulated, false) AS unpopulated,
       (SELECT json_object_agg(format('%I', a.attname), json_strip_nulls(json_build_object(
                 'storage', nullif(a.attstorage, y.typstorage),
                 'compression', nullif(a.attcompression, ''),
                 'statistics', nullif(coalesce(a.attstattarget, -1), -1),
                 'options', {{column_options}})) ORDER BY a.attname)
          FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND (a.attstorage <> y.typstorage OR a.attcompression <> ''
                OR coalesce(a.attstattarget, -1) <> -1 OR ({{column_options}}) IS NOT NULL)) AS column_settings,
       {{access_method}} AS access_method,
       {{tablespace(c)}} AS tablespace
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND n.oid = ANY ($1) AND NOT {{member(pg_class, c.oid)}}
