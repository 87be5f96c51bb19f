SELECT 'pg_policy'::regclass::oid, p.oid, 0, format('policy:%I.%I.%I', n.nspname, c.relname, p.polname),
       format('table:%I.%I', n.nspname, c.relname),
       json_strip_nulls(json_build_object(
         'command', nullif(p.polcmd, '*'),
         'restrictive', nullif(NOT p.polpermissive, false),
         'roles', (SELECT json_agg(r ORDER BY r)
                     FROM (SELECT CASE o WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END AS r
                             FROM unnest(p.polroles) o) roles),
         'using', pg_get_expr(p.polqual, p.polrelid),
         'check', pg_get_expr(p.polwithcheck, p.polrelid)))
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relnamespace = ANY ($1) AND NOT {{member(pg_class, c.oid)}}
