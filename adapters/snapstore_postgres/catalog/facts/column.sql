-- There are ten columns to a table: what is the same for all of them is worked out once.
WITH tables AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relpersistence, c.relispartition, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'f') AND n.oid = ANY ($1) AND c.relpersistence <> 't'
     AND NOT {{member(pg_class, c.oid)}}
), sequences AS (
  SELECT p.refobjid AS relation, p.refobjsubid AS number, format('%I.%I', sn.nspname, sc.relname) AS sequence,
         sc.relpersistence AS persistence, s.*
    FROM pg_sequence s JOIN pg_class sc ON sc.oid = s.seqrelid JOIN pg_namespace sn ON sn.oid = sc.relnamespace
    JOIN pg_depend p ON p.objid = s.seqrelid
   WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.deptype = 'i'
)
SELECT 'pg_class'::regclass::oid, c.oid, a.attnum, 'column:' || c.name || '.' || quote_ident(a.attname),
       'table:' || c.name,
       format_type(a.atttypid, a.atttypmod) AS type,
       {{collation_unless(a.attcollation, t.typcollation)}} AS collation,
       nullif(a.attnotnull, false) AS not_null,  -- before 18
       nullif({{has_not_null}}, false) AS not_null,  -- since 18
       {{named_not_null}} AS not_null,  -- since 18
       CASE WHEN a.attgenerated <> '' THEN json_build_object(
          'kind', a.attgenerated,
          'expression', (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
                          WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)) END AS generated,
       -- Since 17 partitions have identities too, which count with the sequence of their parent.
       CASE WHEN s.seqrelid IS NOT NULL THEN (
          SELECT json_strip_nulls(row_to_json(x))
            FROM (SELECT a.attidentity AS kind, s.sequence, {{sequence_attributes}},
                         nullif(s.persistence, c.relpersistence) AS persistence) x) END AS identity,
       nullif(a.attstorage, t.typstorage) AS storage,
       nullif(a.attcompression, '') AS compression,
       nullif(coalesce(a.attstattarget, -1), -1) AS statistics,
       {{column_options}} AS options,
       {{named_options(a.attfdwoptions)}} AS foreign_options,
       -- DROP COLUMN with CASCADE takes a parent's computed column, and may leave a child's that is from nobody.
       CASE WHEN NOT a.attislocal AND (c.relispartition OR EXISTS (
          SELECT FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent
           WHERE i.inhrelid = c.oid AND p.attname = a.attname AND NOT p.attisdropped)) THEN true END AS inherited
  FROM tables c JOIN pg_attribute a ON a.attrelid = c.oid
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN sequences s ON s.relation = c.oid AND s.number = a.attnum AND a.attidentity <> ''
  LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum  -- since 18
 WHERE a.attnum > 0 AND NOT a.attisdropped
