-- Part of the column that owns it. The sequence of an identity column is not a fact of its own.
-- nothing without pg_sequence
SELECT 'pg_class'::regclass::oid, c.oid, 0, format('sequence:%I.%I', n.nspname, c.relname),
       (SELECT format('column:%I.%I.%I', tn.nspname, t.relname, a.attname)
          FROM pg_depend x JOIN pg_class t ON t.oid = x.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.refobjsubid
         WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'a'
           AND x.refclassid = 'pg_class'::regclass AND x.refobjsubid > 0),
       pg_get_userbyid(c.relowner) AS owner,
       nullif(c.relpersistence, 'p') AS persistence,
       {{sequence_attributes}}
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.oid = ANY ($1) AND c.relpersistence <> 't' AND NOT {{member(pg_class, c.oid)}}
   AND NOT EXISTS (SELECT FROM pg_depend x
                    WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'i')
