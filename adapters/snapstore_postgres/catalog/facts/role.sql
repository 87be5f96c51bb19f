-- Roles of the whole cluster, without those that PostgreSQL brings along.
SELECT 'pg_authid'::regclass::oid, r.oid, 0, format('role:%I', r.rolname), NULL,
       nullif(r.rolsuper, false) AS superuser,
       nullif(r.rolinherit, true) AS inherit,
       nullif(r.rolcreaterole, false) AS create_role,
       nullif(r.rolcreatedb, false) AS create_database,
       nullif(r.rolcanlogin, false) AS login,
       nullif(r.rolreplication, false) AS replication,
       nullif(r.rolbypassrls, false) AS bypass_row_security,
       nullif(r.rolconnlimit, -1) AS connection_limit,
       r.rolvaliduntil::text AS valid_until
  FROM pg_roles r
 WHERE r.rolname !~ '^pg_'
