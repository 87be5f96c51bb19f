SELECT 'pg_cast'::regclass::oid, c.oid, 0,
       format('cast:(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)), NULL,
       json_strip_nulls(json_build_object(
         'method', c.castmethod,
         'function', nullif(c.castfunc, 0)::regprocedure::text,
         'context', c.castcontext))
  FROM pg_cast c
 WHERE c.oid >= 16384 AND NOT {{member(pg_cast, c.oid)}}
