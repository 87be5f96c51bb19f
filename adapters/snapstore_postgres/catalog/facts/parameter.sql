-- since 15
-- A configuration parameter that somebody may set; who that is are grants on this fact.
SELECT 'pg_parameter_acl'::regclass::oid, p.oid, 0, format('parameter:%s', p.parname), NULL
  FROM pg_parameter_acl p
