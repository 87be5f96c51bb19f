-- nothing without pg_opclass WHERE oid >= 16384
SELECT 'pg_opclass'::regclass::oid, c.oid, 0, format('operator_class:%I.%I USING %I', n.nspname, c.opcname, m.amname),
       NULL,
       pg_get_userbyid(c.opcowner) AS owner,
       format_type(c.opcintype, NULL) AS type,
       nullif(c.opcdefault, false) AS default,
       (SELECT format('%I.%I', fn.nspname, f.opfname) FROM pg_opfamily f
          JOIN pg_namespace fn ON fn.oid = f.opfnamespace WHERE f.oid = c.opcfamily) AS family,
       CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END AS storage,
       {{family_operators(pg_opclass, c.oid, i)}} AS operators,
       {{family_functions(pg_opclass, c.oid, i)}} AS functions
  FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
 WHERE n.oid = ANY ($1) AND NOT {{member(pg_opclass, c.oid)}}
