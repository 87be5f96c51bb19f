SELECT 'pg_class'::regclass::oid, c.oid, 0, format('table:%I.%I', n.nspname, c.relname), NULL,
       pg_get_userbyid(c.relowner) AS owner,
       nullif(c.relpersistence, 'p') AS persistence,
       pg_get_partkeydef(c.oid) AS partition_key,
       CASE WHEN c.relkind = 'p' THEN (
          SELECT array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
            FROM pg_partitioned_table k JOIN pg_attribute a ON a.attrelid = k.partrelid AND a.attnum = ANY (k.partattrs)
           WHERE k.partrelid = c.oid) END AS partition_types,
       CASE WHEN NOT c.relispartition THEN (
          SELECT array_agg(format('%I.%I', pn.nspname, p.relname) ORDER BY i.inhseqno)
            FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
            JOIN pg_namespace pn ON pn.oid = p.relnamespace
           WHERE i.inhrelid = c.oid) END AS inherits,
       nullif(c.reloftype, 0)::regtype::text AS of,
       nullif(c.relrowsecurity, false) AS row_security,
       nullif(c.relforcerowsecurity, false) AS force_row_security,
       CASE WHEN c.relkind <> 'f' THEN nullif(nullif(c.relreplident, 'd'), 'i') END AS replica_identity,
       (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid) AS toast_options,
       c.reloptions AS options,
       CASE WHEN c.relkind = 'f' THEN (
          SELECT json_strip_nulls(json_build_object(
                   'server', format('%I', s.srvname),
                   'options', {{named_options(f.ftoptions)}}))
            FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
           WHERE f.ftrelid = c.oid) END AS foreign,
       {{access_method}} AS access_method,
       {{tablespace(c)}} AS tablespace
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f') AND n.oid = ANY ($1) AND c.relpersistence <> 't'
   AND NOT {{member(pg_class, c.oid)}}
