-- ALTER ROLE SET, in all databases; ALL means every role.
SELECT 0::oid, 0::oid, 0,
       format('role_setting:%s:%s', coalesce(quote_ident(pg_get_userbyid(nullif(s.setrole, 0))), 'ALL'),
              {{setting_name(x)}}),
       'role:' || quote_ident(pg_get_userbyid(nullif(s.setrole, 0))),
       coalesce(quote_ident(pg_get_userbyid(nullif(s.setrole, 0))), 'ALL') AS role,
       {{setting_name(x)}} AS name,
       {{setting_value(x)}} AS value
  FROM pg_db_role_setting s, unnest(s.setconfig) x
 WHERE s.setdatabase = 0
