-- nothing without pg_ts_dict WHERE oid >= 16384
SELECT 'pg_ts_dict'::regclass::oid, d.oid, 0, format('ts_dictionary:%I.%I', n.nspname, d.dictname), NULL,
       pg_get_userbyid(d.dictowner) AS owner,
       (SELECT format('%I.%I', tn.nspname, t.tmplname) FROM pg_ts_template t
          JOIN pg_namespace tn ON tn.oid = t.tmplnamespace WHERE t.oid = d.dicttemplate) AS template,
       d.dictinitoption AS options
  FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_ts_dict, d.oid)}}
