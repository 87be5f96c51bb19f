-- Functions and procedures. Those that a range type made for itself are part of the type.
SELECT 'pg_proc'::regclass::oid, p.oid, 0,
       CASE p.prokind WHEN 'p' THEN 'procedure:' ELSE 'function:' END || p.oid::regprocedure::text, NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(p.proowner),
         'definition', pg_get_functiondef(p.oid),
         'arguments', pg_get_function_arguments(p.oid),
         'result', pg_get_function_result(p.oid),
         'window', nullif(p.prokind = 'w', false)))
  FROM pg_proc p
 WHERE p.prokind IN ('f', 'p', 'w') AND p.pronamespace = ANY ($1) AND NOT {{member(pg_proc, p.oid)}}
   AND NOT EXISTS (SELECT FROM pg_depend x
                    WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'i')
