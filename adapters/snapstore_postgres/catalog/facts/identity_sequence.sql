-- The sequence of an identity column where something is said of it by itself: privileges, a comment, a label. What
-- it counts is part of the column. There are few of these: they are found before all that belongs to them.
-- nothing without pg_sequence
WITH said AS MATERIALIZED (
  SELECT s.oid, s.relname, s.relnamespace
    FROM pg_class s
   WHERE s.relkind = 'S'
     AND (NOT (s.relacl <@ acldefault('s', s.relowner) AND s.relacl @> acldefault('s', s.relowner))
          OR s.oid IN (SELECT x.objoid FROM pg_description x WHERE x.classoid = 'pg_class'::regclass AND x.objsubid = 0)
          OR s.oid IN (SELECT x.objoid FROM pg_seclabel x WHERE x.classoid = 'pg_class'::regclass AND x.objsubid = 0))
)
SELECT 'pg_class'::regclass::oid, s.oid, 0, format('identity_sequence:%I.%I', n.nspname, s.relname),
       format('column:%I.%I.%I', tn.nspname, t.relname, a.attname)
  FROM said s JOIN pg_namespace n ON n.oid = s.relnamespace
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
  JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
 WHERE d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
   AND tn.oid = ANY ($1) AND t.relpersistence <> 't' AND NOT {{member(pg_class, t.oid)}}
