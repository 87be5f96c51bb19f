-- That a role has default privileges, everywhere or in one schema; which ones are grants on this fact.
-- nothing without pg_default_acl
SELECT 'pg_default_acl'::regclass::oid, d.oid, 0,
       'default_privileges:' || quote_ident(pg_get_userbyid(d.defaclrole))
         || coalesce('.' || quote_ident(n.nspname), '') || ':' || d.defaclobjtype::text,
       NULL,
       pg_get_userbyid(d.defaclrole) AS role,
       quote_ident(n.nspname) AS schema,
       d.defaclobjtype AS objects
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
 WHERE d.defaclnamespace = 0 OR n.oid = ANY ($1)
