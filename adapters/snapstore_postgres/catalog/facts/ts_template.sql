-- nothing without pg_ts_template WHERE oid >= 16384
SELECT 'pg_ts_template'::regclass::oid, t.oid, 0, format('ts_template:%I.%I', n.nspname, t.tmplname), NULL,
       nullif(t.tmplinit, 0)::regproc::text AS init,
       t.tmpllexize::text AS lexize
  FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_ts_template, t.oid)}}
