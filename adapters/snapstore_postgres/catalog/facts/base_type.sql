-- nothing without pg_type WHERE typtype = 'b' AND typinput <> 'array_in'::regproc AND oid >= 16384
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('base_type:%I.%I', n.nspname, t.typname),
       format('shell_type:%I.%I', n.nspname, t.typname),
       pg_get_userbyid(t.typowner) AS owner,
       t.typinput::text AS input,
       t.typoutput::text AS output,
       nullif(t.typreceive, 0)::regproc::text AS receive,
       nullif(t.typsend, 0)::regproc::text AS send,
       nullif(t.typmodin, 0)::regproc::text AS typmod_in,
       nullif(t.typmodout, 0)::regproc::text AS typmod_out,
       nullif(t.typanalyze, 0)::regproc::text AS analyze,
       nullif(t.typsubscript, 0)::regproc::text AS subscript,
       CASE t.typlen WHEN -1 THEN 'VARIABLE' ELSE t.typlen::text END AS length,
       nullif(t.typbyval, false) AS by_value,
       CASE t.typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2' WHEN 'i' THEN 'int4' ELSE 'double' END AS alignment,
       CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END
         AS storage,
       quote_literal(nullif(t.typcategory::text, 'U')) AS category,
       nullif(t.typispreferred, false) AS preferred,
       quote_literal(t.typdefault) AS default,
       CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END AS element,
       quote_literal(nullif(t.typdelim::text, ',')) AS delimiter,
       nullif(t.typcollation <> 0, false) AS collatable
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'b' AND t.typisdefined AND NOT {{array_of_another(t)}}
   AND n.oid = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
