-- The database itself. Its name is no state: the same schema under another name is the same.
SELECT 'pg_database'::regclass::oid, d.oid, 0, 'database:this', NULL,
       pg_get_userbyid(d.datdba) AS owner,
       nullif(d.datconnlimit, -1) AS connection_limit,
       nullif(d.datallowconn, true) AS allow_connections,
       nullif(d.datistemplate, false) AS template
  FROM pg_database d
 WHERE d.datname = current_database()
