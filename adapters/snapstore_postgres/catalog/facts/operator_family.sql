SELECT 'pg_opfamily'::regclass::oid, f.oid, 0, format('operator_family:%I.%I USING %I', n.nspname, f.opfname, m.amname),
       NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(f.opfowner),
         'operators', {{family_operators(pg_opfamily, f.oid, a)}},
         'functions', {{family_functions(pg_opfamily, f.oid, a)}}))
  FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
 WHERE f.opfnamespace = ANY ($1) AND NOT {{member(pg_opfamily, f.oid)}}
