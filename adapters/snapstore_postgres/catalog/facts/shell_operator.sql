-- The name of an operator that another one has for its commutator or negator, and that has not been made. It is in
-- the way of its schema and types when they go.
-- nothing without pg_operator WHERE oprcode = 0
SELECT 'pg_operator'::regclass::oid, o.oid, 0, 'shell_operator:' || o.oid::regoperator::text, NULL,
       pg_get_userbyid(o.oprowner) AS owner,
       CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END AS left,
       CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, NULL) END AS right
  FROM pg_operator o
 WHERE o.oprcode = 0 AND o.oprnamespace = ANY ($1) AND NOT {{member(pg_operator, o.oid)}}
