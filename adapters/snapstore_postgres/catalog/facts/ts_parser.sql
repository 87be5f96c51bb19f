-- nothing without pg_ts_parser WHERE oid >= 16384
SELECT 'pg_ts_parser'::regclass::oid, p.oid, 0, format('ts_parser:%I.%I', n.nspname, p.prsname), NULL,
       p.prsstart::text AS start,
       p.prstoken::text AS gettoken,
       p.prsend::text AS end,
       p.prslextype::text AS lextypes,
       nullif(p.prsheadline, 0)::regproc::text AS headline
  FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_ts_parser, p.oid)}}
