SELECT 'pg_ts_template'::regclass::oid, t.oid, 0, format('ts_template:%I.%I', n.nspname, t.tmplname), NULL,
       json_strip_nulls(json_build_object(
         'init', nullif(t.tmplinit, 0)::regproc::text,
         'lexize', t.tmpllexize::text))
  FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
 WHERE t.tmplnamespace = ANY ($1) AND NOT {{member(pg_ts_template, t.oid)}}
