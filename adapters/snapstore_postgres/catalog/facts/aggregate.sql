-- nothing without pg_proc WHERE prokind = 'a' AND oid >= 16384
SELECT 'pg_proc'::regclass::oid, p.oid, 0, 'aggregate:' || p.oid::regprocedure::text, NULL,
       pg_get_userbyid(p.proowner) AS owner,
       pg_get_function_arguments(p.oid) AS arguments,
       pg_get_function_identity_arguments(p.oid) AS identity_arguments,
       nullif(a.aggkind, 'n') AS kind,
       a.aggtransfn::regproc::text AS sfunc,
       format_type(a.aggtranstype, NULL) AS stype,
       nullif(a.aggtransspace, 0) AS sspace,
       nullif(a.aggfinalfn, 0)::regproc::text AS finalfunc,
       nullif(a.aggfinalextra, false) AS finalfunc_extra,
       nullif(a.aggfinalmodify::text, CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END) AS finalfunc_modify,
       nullif(a.aggcombinefn, 0)::regproc::text AS combinefunc,
       nullif(a.aggserialfn, 0)::regproc::text AS serialfunc,
       nullif(a.aggdeserialfn, 0)::regproc::text AS deserialfunc,
       a.agginitval AS initcond,
       nullif(a.aggmtransfn, 0)::regproc::text AS msfunc,
       nullif(a.aggminvtransfn, 0)::regproc::text AS minvfunc,
       CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END AS mstype,
       nullif(a.aggmtransspace, 0) AS msspace,
       nullif(a.aggmfinalfn, 0)::regproc::text AS mfinalfunc,
       nullif(a.aggmfinalextra, false) AS mfinalfunc_extra,
       CASE WHEN a.aggmtransfn <> 0
            THEN nullif(a.aggmfinalmodify::text, CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END)
       END AS mfinalfunc_modify,
       a.aggminitval AS minitcond,
       (SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
          FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
         WHERE o.oid = a.aggsortop) AS sortop,
       nullif(p.proparallel, 'u') AS parallel
  FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
 WHERE p.pronamespace = ANY ($1) AND NOT {{member(pg_proc, p.oid)}}
