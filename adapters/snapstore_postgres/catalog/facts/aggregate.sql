SELECT 'pg_proc'::regclass::oid, p.oid, 0, 'aggregate:' || p.oid::regprocedure::text, NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(p.proowner),
         'arguments', pg_get_function_arguments(p.oid),
         'identity_arguments', pg_get_function_identity_arguments(p.oid),
         'kind', nullif(a.aggkind, 'n'),
         'sfunc', a.aggtransfn::regproc::text,
         'stype', format_type(a.aggtranstype, NULL),
         'sspace', nullif(a.aggtransspace, 0),
         'finalfunc', nullif(a.aggfinalfn, 0)::regproc::text,
         'finalfunc_extra', nullif(a.aggfinalextra, false),
         'finalfunc_modify', nullif(a.aggfinalmodify::text, CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END),
         'combinefunc', nullif(a.aggcombinefn, 0)::regproc::text,
         'serialfunc', nullif(a.aggserialfn, 0)::regproc::text,
         'deserialfunc', nullif(a.aggdeserialfn, 0)::regproc::text,
         'initcond', a.agginitval,
         'msfunc', nullif(a.aggmtransfn, 0)::regproc::text,
         'minvfunc', nullif(a.aggminvtransfn, 0)::regproc::text,
         'mstype', CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END,
         'msspace', nullif(a.aggmtransspace, 0),
         'mfinalfunc', nullif(a.aggmfinalfn, 0)::regproc::text,
         'mfinalfunc_extra', nullif(a.aggmfinalextra, false),
         'mfinalfunc_modify', CASE WHEN a.aggmtransfn <> 0 THEN
            nullif(a.aggmfinalmodify::text, CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END) END,
         'minitcond', a.aggminitval,
         'sortop', (SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
                      FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
                     WHERE o.oid = a.aggsortop),
         'parallel', nullif(p.proparallel, 'u')))
  FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
 WHERE p.pronamespace = ANY ($1) AND NOT {{member(pg_proc, p.oid)}}
