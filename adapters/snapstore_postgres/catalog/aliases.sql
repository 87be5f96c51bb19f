-- Addresses that stand for another one.

-- A view's query is a rule of it.
SELECT {{address('pg_rewrite'::regclass, r.oid, 0)}}, {{address('pg_class'::regclass, r.ev_class, 0)}}
  FROM pg_rewrite r
 WHERE r.rulename = '_RETURN' AND r.oid >= 16384
UNION ALL
-- The row type of a relation.
SELECT {{address('pg_type'::regclass, c.reltype, 0)}}, {{address('pg_class'::regclass, c.oid, 0)}}
  FROM pg_class c
 WHERE c.relkind <> 'c' AND c.reltype >= 16384
UNION ALL
-- The array type of a type.
SELECT {{address('pg_type'::regclass, t.oid, 0)}}, {{address('pg_type'::regclass, t.typelem, 0)}}
  FROM pg_type t
 WHERE t.oid >= 16384 AND {{array_of_another(t)}}
UNION ALL
-- The multirange type of a range type.
SELECT {{address('pg_type'::regclass, r.rngmultitypid, 0)}}, {{address('pg_type'::regclass, r.rngtypid, 0)}}
  FROM pg_range r
 WHERE r.rngtypid >= 16384
UNION ALL
-- The relation that holds the attributes of a composite type.
SELECT {{address('pg_class'::regclass, c.oid, 0)}}, {{address('pg_type'::regclass, c.reltype, 0)}}
  FROM pg_class c
 WHERE c.relkind = 'c' AND c.reltype >= 16384
UNION ALL
-- The index of a constraint.
SELECT {{address('pg_class'::regclass, k.conindid, 0)}}, {{address('pg_constraint'::regclass, k.oid, 0)}}
  FROM pg_constraint k
 WHERE k.contype IN ('p', 'u', 'x') AND k.conindid >= 16384
UNION ALL
-- The operators and functions of an operator class or family.
SELECT {{address(d.classid, d.objid, 0)}}, {{address(d.refclassid, d.refobjid, 0)}}
  FROM pg_depend d
 WHERE d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND d.deptype IN ('a', 'i')
   AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass) AND d.objid >= 16384
UNION ALL
-- The sequence of an identity column, the functions that a range type made for itself.
SELECT {{address(d.classid, d.objid, 0)}}, {{address(d.refclassid, d.refobjid, d.refobjsubid)}}
  FROM pg_depend d
 WHERE d.deptype = 'i' AND d.objid >= 16384
   AND (d.classid = 'pg_proc'::regclass OR d.classid = 'pg_class'::regclass AND d.refobjsubid > 0)
UNION ALL
-- What an extension brings along.
SELECT {{address(e.classid, e.objid, 0)}}, {{address('pg_extension'::regclass, e.refobjid, 0)}}
  FROM pg_depend e
 WHERE e.deptype = 'e' AND e.refclassid = 'pg_extension'::regclass
