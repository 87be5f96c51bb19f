-- What a user should know of and is no state: its subject, a text, and the setting by which it would be captured,
-- NULL where there is none.
SELECT format('tablespace %I', s.spcname),
       'is used by this database and belongs to the whole cluster: roles = true captures it', 'roles'
  FROM pg_tablespace s
 WHERE s.oid IN (SELECT c.reltablespace FROM pg_class c WHERE c.relnamespace = ANY ($1))
UNION ALL
SELECT 'large objects', format('there are %s that have privileges, comments or labels of their own: large_objects = true'
         ' captures them', count(*)), 'large_objects'
  FROM pg_largeobject_metadata l
 WHERE l.lomacl IS NOT NULL
    OR EXISTS (SELECT FROM pg_description d WHERE d.classoid = 'pg_largeobject'::regclass AND d.objoid = l.oid)
    OR EXISTS (SELECT FROM pg_seclabel s WHERE s.classoid = 'pg_largeobject'::regclass AND s.objoid = l.oid)
HAVING count(*) > 0
UNION ALL
SELECT format('collation %I.%I', n.nspname, c.collname),
       format('was made with version %s of its library, which now has version %s: rebuild what depends on it, then'
         ' refresh its version with ALTER COLLATION', c.collversion, pg_collation_actual_version(c.oid)), NULL
  FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
 WHERE c.collnamespace = ANY ($1) AND c.collversion <> pg_collation_actual_version(c.oid)
UNION ALL
-- A table, index and so on that an extension's script made has its entry in pg_depend from the same transaction
-- as the extension's other objects. (Where pg_upgrade wrote those entries, none can be told from another.)
SELECT DISTINCT pg_describe_object(x.classid, x.objid, 0),
       format('is on a table of the extension %I: it is not captured, and goes when the extension goes', e.extname), NULL
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
  JOIN pg_depend t ON t.refclassid = d.classid AND t.refobjid = d.objid AND t.classid = 'pg_type'::regclass
                  AND t.deptype = 'i' AND t.xmin::text = d.xmin::text
  JOIN pg_depend x ON x.refclassid = d.classid AND x.refobjid = d.objid AND x.deptype = 'a'
  LEFT JOIN pg_class i ON i.oid = x.objid AND x.classid = 'pg_class'::regclass
 WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
   AND x.xmin::text NOT IN (d.xmin::text, e.xmin::text) AND coalesce(i.relkind, 'i') IN ('i', 'I')
   AND x.classid IN ('pg_class'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_rewrite'::regclass,
                     'pg_constraint'::regclass, 'pg_statistic_ext'::regclass)
   AND NOT EXISTS (SELECT FROM pg_depend y
                    WHERE y.refclassid = d.refclassid AND y.refobjid = e.oid AND y.deptype = 'e'
                      AND (y.xmin::text = x.xmin::text OR y.classid = x.classid AND y.objid = x.objid))
