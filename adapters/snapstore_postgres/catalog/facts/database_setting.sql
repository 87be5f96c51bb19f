-- ALTER DATABASE SET, and ALTER ROLE IN DATABASE SET.
-- nothing without pg_db_role_setting
SELECT 0::oid, 0::oid, 0,
       'database_setting:' || coalesce(quote_ident(pg_get_userbyid(nullif(s.setrole, 0))) || ':', '') || {{setting_name(x)}},
       'database:this',
       quote_ident(pg_get_userbyid(nullif(s.setrole, 0))) AS role,
       {{setting_name(x)}} AS name,
       {{setting_value(x)}} AS value
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) x
 WHERE d.datname = current_database()
