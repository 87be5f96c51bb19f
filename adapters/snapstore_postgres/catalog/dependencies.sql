-- Who stands on whom, by address. What initdb made (below 16384) is always there; a schema is the exception,
-- since "public" can be dropped. A default is part of its column anyway.
SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid
  FROM pg_depend d
 WHERE d.deptype IN ('n', 'a') AND d.objid >= 16384 AND NOT (d.classid = 'pg_attrdef'::regclass AND d.deptype = 'a')
   AND (d.refobjid >= 16384 OR d.refclassid = 'pg_namespace'::regclass)
