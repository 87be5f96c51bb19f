-- nothing without pg_policy
SELECT 'pg_policy'::regclass::oid, p.oid, 0, format('policy:%I.%I.%I', n.nspname, c.relname, p.polname),
       format('table:%I.%I', n.nspname, c.relname),
       nullif(p.polcmd, '*') AS command,
       nullif(NOT p.polpermissive, false) AS restrictive,
       ARRAY(SELECT CASE o WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END COLLATE "C"
               FROM unnest(p.polroles) o
              ORDER BY 1) AS roles,
       pg_get_expr(p.polqual, p.polrelid) AS using,
       pg_get_expr(p.polwithcheck, p.polrelid) AS check
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_class, c.oid)}}
