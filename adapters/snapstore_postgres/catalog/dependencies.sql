-- Who stands on whom, by address. What initdb made (below 16384) is always there; a schema is the exception,
-- since "public" can be dropped.
SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid
  FROM pg_depend d
 WHERE d.deptype IN ('n', 'a') AND d.objid >= 16384
   AND (d.refobjid >= 16384 OR d.refclassid = 'pg_namespace'::regclass)
