SELECT 'pg_class'::regclass::oid, c.oid, a.attnum, format('column:%I.%I.%I', n.nspname, c.relname, a.attname),
       format('table:%I.%I', n.nspname, c.relname),
       json_strip_nulls(json_build_object(
         'type', format_type(a.atttypid, a.atttypmod),
         'collation', {{collation_unless(a.attcollation, t.typcollation)}},
         'not_null', nullif(a.attnotnull, false),  -- before 18
         'not_null', {{named_not_null}},  -- since 18
         'generated', CASE WHEN a.attgenerated <> '' THEN json_build_object(
            'kind', a.attgenerated,
            'expression', pg_get_expr(d.adbin, d.adrelid)) END,
         'identity', CASE WHEN a.attidentity <> '' THEN (
            SELECT json_strip_nulls(json_build_object(
                     'kind', a.attidentity,
                     'sequence', format('%I.%I', sn.nspname, sc.relname),
                     {{sequence_attributes}},
                     'persistence', nullif(sc.relpersistence, c.relpersistence)))
              FROM pg_depend x JOIN pg_class sc ON sc.oid = x.objid JOIN pg_sequence s ON s.seqrelid = sc.oid
              JOIN pg_namespace sn ON sn.oid = sc.relnamespace
             WHERE x.classid = 'pg_class'::regclass AND x.refclassid = 'pg_class'::regclass
               AND x.refobjid = c.oid AND x.refobjsubid = a.attnum AND x.deptype = 'i') END,
         'storage', nullif(a.attstorage, t.typstorage),
         'compression', nullif(a.attcompression, ''),
         'statistics', nullif(coalesce(a.attstattarget, -1), -1),
         'options', {{options(a.attoptions)}},
         'foreign_options', {{named_options(a.attfdwoptions)}},
         'inherited', nullif(NOT a.attislocal, false)))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum AND a.attgenerated <> ''
  LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum  -- since 18
 WHERE c.relkind IN ('r', 'p', 'f') AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
   AND a.attnum > 0 AND NOT a.attisdropped AND NOT {{member(pg_class, c.oid)}}
