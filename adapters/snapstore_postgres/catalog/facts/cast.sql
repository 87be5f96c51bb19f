-- nothing without pg_cast WHERE oid >= 16384
SELECT 'pg_cast'::regclass::oid, c.oid, 0,
       format('cast:(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)), NULL,
       c.castmethod AS method,
       nullif(c.castfunc, 0)::regprocedure::text AS function,
       c.castcontext AS context
  FROM pg_cast c
 WHERE c.oid >= 16384 AND NOT {{member(pg_cast, c.oid)}}
   -- A range type brings the cast to its multirange type along.
   AND NOT EXISTS (SELECT FROM pg_depend x
                    WHERE x.classid = 'pg_cast'::regclass AND x.objid = c.oid AND x.deptype = 'i')
