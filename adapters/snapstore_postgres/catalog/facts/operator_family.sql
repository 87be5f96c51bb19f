-- nothing without pg_opfamily WHERE oid >= 16384
SELECT 'pg_opfamily'::regclass::oid, f.oid, 0, format('operator_family:%I.%I USING %I', n.nspname, f.opfname, m.amname),
       NULL,
       pg_get_userbyid(f.opfowner) AS owner,
       {{family_operators(pg_opfamily, f.oid, a)}} AS operators,
       {{family_functions(pg_opfamily, f.oid, a)}} AS functions
  FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_opfamily, f.oid)}}
