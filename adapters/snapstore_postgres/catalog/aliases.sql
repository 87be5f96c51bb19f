-- Addresses that stand for another one.

-- A view's query is a rule of it.
SELECT 'pg_rewrite'::regclass::oid, r.oid, 'pg_class'::regclass::oid, r.ev_class
  FROM pg_rewrite r
 WHERE r.rulename = '_RETURN' AND r.oid >= 16384
UNION ALL
-- The row type of a relation.
SELECT 'pg_type'::regclass::oid, t.oid, 'pg_class'::regclass::oid, t.typrelid
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
 WHERE c.relkind <> 'c' AND t.oid >= 16384
UNION ALL
-- The array type of a type.
SELECT 'pg_type'::regclass::oid, t.oid, 'pg_type'::regclass::oid, t.typelem
  FROM pg_type t
 WHERE t.oid >= 16384 AND {{array_of_another(t)}}
UNION ALL
-- The multirange type of a range type.
SELECT 'pg_type'::regclass::oid, r.rngmultitypid, 'pg_type'::regclass::oid, r.rngtypid
  FROM pg_range r
 WHERE r.rngtypid >= 16384
UNION ALL
-- The relation that holds the attributes of a composite type.
SELECT 'pg_class'::regclass::oid, t.typrelid, 'pg_type'::regclass::oid, t.oid
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
 WHERE c.relkind = 'c' AND t.oid >= 16384
UNION ALL
-- The index of a constraint.
SELECT 'pg_class'::regclass::oid, k.conindid, 'pg_constraint'::regclass::oid, k.oid
  FROM pg_constraint k
 WHERE k.contype IN ('p', 'u', 'x') AND k.conindid >= 16384
UNION ALL
-- The operators and functions of an operator class or family.
SELECT d.classid, d.objid, d.refclassid, d.refobjid
  FROM pg_depend d
 WHERE d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND d.deptype IN ('a', 'i')
   AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass) AND d.objid >= 16384
UNION ALL
-- The sequence of an identity column, the functions that a range type made for itself.
SELECT d.classid, d.objid, d.refclassid, d.refobjid
  FROM pg_depend d LEFT JOIN pg_class c ON c.oid = d.objid
 WHERE d.deptype = 'i' AND d.objid >= 16384
   AND (d.classid = 'pg_proc'::regclass OR d.classid = 'pg_class'::regclass AND c.relkind = 'S')
UNION ALL
-- What an extension brings along.
SELECT e.classid, e.objid, 'pg_extension'::regclass::oid, e.refobjid
  FROM pg_depend e
 WHERE e.deptype = 'e'
