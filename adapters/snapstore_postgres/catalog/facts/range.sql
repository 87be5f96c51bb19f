-- nothing without pg_range WHERE rngtypid >= 16384
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('range:%I.%I', n.nspname, t.typname),
       CASE WHEN r.rngcanonical <> 0 THEN format('shell_type:%I.%I', n.nspname, t.typname) END,
       pg_get_userbyid(t.typowner) AS owner,
       format_type(r.rngsubtype, NULL) AS subtype,
       (SELECT format('%I.%I', cn.nspname, o.opcname)
          FROM pg_opclass o JOIN pg_namespace cn ON cn.oid = o.opcnamespace
         WHERE o.oid = r.rngsubopc AND NOT o.opcdefault) AS opclass,
       {{collation_unless(r.rngcollation, s.typcollation)}} AS collation,
       nullif(r.rngcanonical, 0)::regproc::text AS canonical,
       nullif(r.rngsubdiff, 0)::regproc::text AS subtype_diff,
       (SELECT CASE WHEN m.typnamespace = t.typnamespace THEN format('%I', m.typname)
                    ELSE format('%I.%I', mn.nspname, m.typname) END
          FROM pg_type m JOIN pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = r.rngmultitypid) AS multirange,
       -- The functions that came with both types, beside the range: those that are called otherwise by now.
       (SELECT json_object_agg(p.prosrc, format('%I.%I', pn.nspname, p.proname) ORDER BY p.prosrc)
          FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid JOIN pg_namespace pn ON pn.oid = p.pronamespace
          JOIN pg_type y ON y.oid = d.refobjid
         WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i'
           AND d.refobjid IN (r.rngtypid, r.rngmultitypid)
           AND (p.pronamespace, p.proname) <> (t.typnamespace, y.typname)) AS constructors
  FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_type s ON s.oid = r.rngsubtype
  JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_type, t.oid)}}
