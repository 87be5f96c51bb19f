-- The verifier of a role's password, for roles that may read it; never the password.
SELECT 0::oid, 0::oid, 0, format('role_password:%I', r.rolname), format('role:%I', r.rolname),
       r.rolpassword AS verifier
  FROM pg_authid r
 WHERE r.rolpassword IS NOT NULL AND r.rolname !~ '^pg_'
