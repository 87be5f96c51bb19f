SELECT 'pg_operator'::regclass::oid, o.oid, 0, 'operator:' || o.oid::regoperator::text, NULL,
       json_strip_nulls(json_build_object(
         'owner', pg_get_userbyid(o.oprowner),
         'function', o.oprcode::regproc::text,
         'left', CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END,
         'right', CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, NULL) END,
         'commutator', (SELECT format('OPERATOR(%I.%s)', xn.nspname, x.oprname)
            FROM pg_operator x JOIN pg_namespace xn ON xn.oid = x.oprnamespace WHERE x.oid = o.oprcom),
         'negator', (SELECT format('OPERATOR(%I.%s)', xn.nspname, x.oprname)
            FROM pg_operator x JOIN pg_namespace xn ON xn.oid = x.oprnamespace WHERE x.oid = o.oprnegate),
         'restrict', nullif(o.oprrest, 0)::regproc::text,
         'join', nullif(o.oprjoin, 0)::regproc::text,
         'hashes', nullif(o.oprcanhash, false),
         'merges', nullif(o.oprcanmerge, false)))
  FROM pg_operator o
 WHERE o.oprcode <> 0 AND o.oprnamespace = ANY ($1) AND NOT {{member(pg_operator, o.oid)}}
