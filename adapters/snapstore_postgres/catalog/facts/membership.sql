-- Who is a member of which role. Before 16 the grantor had no meaning, and may be gone.
SELECT 'pg_auth_members'::regclass::oid, m.oid, 0, -- since 16
SELECT 0::oid, 0::oid, 0, -- before 16
       format('membership:%s:%s', quote_ident(pg_get_userbyid(m.roleid)), quote_ident(pg_get_userbyid(m.member)))
         || CASE WHEN m.grantor <> 10 THEN ':' || quote_ident(pg_get_userbyid(m.grantor)) ELSE '' END -- since 16
       ,
       'role:' || quote_ident(pg_get_userbyid(m.member)),
       quote_ident(pg_get_userbyid(m.roleid)) AS role,
       quote_ident(pg_get_userbyid(m.member)) AS member,
       CASE WHEN m.grantor <> 10 THEN quote_ident(pg_get_userbyid(m.grantor)) END AS grantor, -- since 16
       m.inherit_option AS inherit, -- since 16
       m.set_option AS set, -- since 16
       nullif(m.admin_option, false) AS admin
  FROM pg_auth_members m
 WHERE pg_get_userbyid(m.member) !~ '^pg_'
