-- Functions and procedures. Those that a range type made for itself are part of the type.
SELECT 'pg_proc'::regclass::oid, p.oid, 0,
       CASE p.prokind WHEN 'p' THEN 'procedure:' ELSE 'function:' END || p.oid::regprocedure::text, NULL,
       pg_get_userbyid(p.proowner) AS owner,
       pg_get_functiondef(p.oid) AS definition,
       pg_get_function_arguments(p.oid) AS arguments,
       pg_get_function_result(p.oid) AS result,
       nullif(p.prokind = 'w', false) AS window
  FROM pg_proc p
 WHERE p.prokind IN ('f', 'p', 'w') AND p.pronamespace = ANY ($1) AND NOT {{member(pg_proc, p.oid)}}
   AND NOT EXISTS (SELECT FROM pg_depend x
                    WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'i')
