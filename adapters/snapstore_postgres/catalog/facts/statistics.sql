SELECT 'pg_statistic_ext'::regclass::oid, s.oid, 0, format('statistics:%I.%I', n.nspname, s.stxname),
       CASE c.relkind WHEN 'm' THEN 'matview:' ELSE 'table:' END || format('%I.%I', cn.nspname, c.relname),
       pg_get_userbyid(s.stxowner) AS owner,
       pg_get_statisticsobjdef(s.oid) AS definition,
       nullif(s.stxstattarget, -1) AS target
  FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
  JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
 WHERE s.stxnamespace = ANY ($1) AND c.relnamespace = ANY ($1) AND NOT {{member(pg_statistic_ext, s.oid)}}
