SELECT 'pg_tablespace'::regclass::oid, s.oid, 0, format('tablespace:%I', s.spcname), NULL,
       pg_get_userbyid(s.spcowner) AS owner,
       nullif(pg_tablespace_location(s.oid), '') AS location,
       s.spcoptions AS options
  FROM pg_tablespace s
 WHERE s.spcname !~ '^pg_'
