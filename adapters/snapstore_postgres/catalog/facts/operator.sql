-- nothing without pg_operator WHERE oid >= 16384
SELECT 'pg_operator'::regclass::oid, o.oid, 0, 'operator:' || o.oid::regoperator::text, NULL,
       pg_get_userbyid(o.oprowner) AS owner,
       o.oprcode::regproc::text AS function,
       CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END AS left,
       CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, NULL) END AS right,
       (SELECT format('OPERATOR(%I.%s)', xn.nspname, x.oprname)
          FROM pg_operator x JOIN pg_namespace xn ON xn.oid = x.oprnamespace WHERE x.oid = o.oprcom) AS commutator,
       (SELECT format('OPERATOR(%I.%s)', xn.nspname, x.oprname)
          FROM pg_operator x JOIN pg_namespace xn ON xn.oid = x.oprnamespace WHERE x.oid = o.oprnegate) AS negator,
       nullif(o.oprrest, 0)::regproc::text AS restrict,
       nullif(o.oprjoin, 0)::regproc::text AS join,
       nullif(o.oprcanhash, false) AS hashes,
       nullif(o.oprcanmerge, false) AS merges
  FROM pg_operator o
 WHERE o.oprcode <> 0 AND o.oprnamespace = ANY ($1) AND NOT {{member(pg_operator, o.oid)}}
