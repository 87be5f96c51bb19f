-- nothing without pg_statistic_ext
SELECT 'pg_statistic_ext'::regclass::oid, s.oid, 0, format('statistics:%I.%I', n.nspname, s.stxname),
       CASE c.relkind WHEN 'm' THEN 'matview:' ELSE 'table:' END || format('%I.%I', cn.nspname, c.relname),
       pg_get_userbyid(s.stxowner) AS owner,
       -- The server lists columns in their physical order, which says nothing.
       replace(pg_get_statisticsobjdef(s.oid), ' ON ' || pg_get_statisticsobjdef_columns(s.oid) || ' FROM ',
               ' ON ' || coalesce(k.by_name, '')
               || substr(pg_get_statisticsobjdef_columns(s.oid), 1 + length(coalesce(k.by_number, '')))
               || ' FROM ') AS definition,
       nullif(s.stxstattarget, -1) AS target
  FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
  JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
  CROSS JOIN LATERAL (
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) AS by_name,
           string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS by_number
      FROM pg_attribute a WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys::smallint[])) k
 WHERE n.oid = ANY ($1) AND c.relnamespace = ANY ($1) AND NOT {{member(pg_statistic_ext, s.oid)}}
