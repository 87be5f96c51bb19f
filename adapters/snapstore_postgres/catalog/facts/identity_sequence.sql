-- The sequence of an identity column where something is said of it by itself: privileges, a comment, a label. What
-- it counts is part of the column.
SELECT 'pg_class'::regclass::oid, s.oid, 0, format('identity_sequence:%I.%I', n.nspname, s.relname),
       format('column:%I.%I.%I', tn.nspname, t.relname, a.attname)
  FROM pg_depend d JOIN pg_class s ON s.oid = d.objid JOIN pg_namespace n ON n.oid = s.relnamespace
  JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
 WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
   AND s.relkind = 'S' AND t.relnamespace = ANY ($1) AND t.relpersistence <> 't' AND NOT {{member(pg_class, t.oid)}}
   AND (NOT (s.relacl <@ acldefault('s', s.relowner) AND s.relacl @> acldefault('s', s.relowner))
        OR s.oid IN (SELECT x.objoid FROM pg_description x WHERE x.classoid = 'pg_class'::regclass AND x.objsubid = 0)
        OR s.oid IN (SELECT x.objoid FROM pg_seclabel x WHERE x.classoid = 'pg_class'::regclass AND x.objsubid = 0))
