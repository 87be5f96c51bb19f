-- There are ten columns to a table: what is the same for all of them is worked out once.
WITH tables AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relpersistence, c.relispartition, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'f') AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
     AND NOT {{member(pg_class, c.oid)}}
)
SELECT 'pg_class'::regclass::oid, c.oid, a.attnum, 'column:' || c.name || '.' || quote_ident(a.attname),
       'table:' || c.name,
       format_type(a.atttypid, a.atttypmod) AS type,
       {{collation_unless(a.attcollation, t.typcollation)}} AS collation,
       nullif(a.attnotnull, false) AS not_null,
       {{named_not_null}} AS not_null,  -- since 18
       CASE WHEN a.attgenerated <> '' THEN json_build_object(
          'kind', a.attgenerated,
          'expression', pg_get_expr(d.adbin, d.adrelid)) END AS generated,
       CASE WHEN a.attidentity <> '' THEN (
          SELECT json_strip_nulls(row_to_json(x))
            FROM (SELECT a.attidentity AS kind,
                         format('%I.%I', sn.nspname, sc.relname) AS sequence,
                         {{sequence_attributes}},
                         nullif(sc.relpersistence, c.relpersistence) AS persistence
                    FROM pg_depend p JOIN pg_class sc ON sc.oid = p.objid
                    JOIN pg_sequence s ON s.seqrelid = sc.oid JOIN pg_namespace sn ON sn.oid = sc.relnamespace
                   WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
                     AND p.refobjid = c.oid AND p.refobjsubid = a.attnum AND p.deptype = 'i') x
       ) END AS identity,
       nullif(a.attstorage, t.typstorage) AS storage,
       nullif(a.attcompression, '') AS compression,
       nullif(coalesce(a.attstattarget, -1), -1) AS statistics,
       a.attoptions AS options,
       {{named_options(a.attfdwoptions)}} AS foreign_options,
       nullif(NOT a.attislocal, false) AS inherited
  FROM pg_attribute a JOIN tables c ON c.oid = a.attrelid
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum AND a.attgenerated <> ''
  LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum  -- since 18
 WHERE a.attnum > 0 AND NOT a.attisdropped
