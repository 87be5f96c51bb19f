SELECT 'pg_class'::regclass::oid, c.oid, 0, format('table:%I.%I', n.nspname, c.relname), NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(c.relowner),
         'persistence', nullif(c.relpersistence, 'p'),
         'partition_key', pg_get_partkeydef(c.oid),
         'inherits', CASE WHEN NOT c.relispartition THEN (
            SELECT json_agg(format('%I.%I', pn.nspname, p.relname) ORDER BY i.inhseqno)
              FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
              JOIN pg_namespace pn ON pn.oid = p.relnamespace
             WHERE i.inhrelid = c.oid) END,
         'of', nullif(c.reloftype, 0)::regtype::text,
         'row_security', nullif(c.relrowsecurity, false),
         'force_row_security', nullif(c.relforcerowsecurity, false),
         'replica_identity', CASE WHEN c.relkind <> 'f' THEN nullif(nullif(c.relreplident, 'd'), 'i') END,
         'toast_options', (SELECT {{options(t.reloptions)}} FROM pg_class t WHERE t.oid = c.reltoastrelid),
         'options', {{options(c.reloptions)}},
         'foreign', (SELECT json_strip_nulls(json_build_object(
            'server', format('%I', s.srvname),
            'options', {{named_options(f.ftoptions)}}))
              FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
         'access_method', {{access_method}},
         'tablespace', {{tablespace}}))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f') AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
   AND NOT {{member(pg_class, c.oid)}}
