SELECT 'pg_ts_parser'::regclass::oid, p.oid, 0, format('ts_parser:%I.%I', n.nspname, p.prsname), NULL,
       json_strip_nulls(json_build_object(
         'start', p.prsstart::text,
         'gettoken', p.prstoken::text,
         'end', p.prsend::text,
         'lextypes', p.prslextype::text,
         'headline', nullif(p.prsheadline, 0)::regproc::text))
  FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
 WHERE p.prsnamespace = ANY ($1) AND NOT {{member(pg_ts_parser, p.oid)}}
