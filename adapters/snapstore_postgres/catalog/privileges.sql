-- Privileges on every object whose list is not the built-in one: by grantee and grantor (NULL: the owner), those
-- that are given and those that the built-in list would give, where they differ.
WITH objects (class, oid, sub, part, owner, acl, base) AS (
  SELECT 'pg_class'::regclass::oid, c.oid, 0, NULL, c.relowner, c.relacl,
         acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)
    FROM pg_class c
   WHERE c.relnamespace = ANY ($1) AND c.relacl IS NOT NULL
  UNION ALL
  SELECT 'pg_class'::regclass::oid, c.oid, a.attnum, a.attname, c.relowner, a.attacl, acldefault('c', c.relowner)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
   WHERE c.relnamespace = ANY ($1) AND a.attacl IS NOT NULL AND NOT a.attisdropped
  UNION ALL
  SELECT 'pg_proc'::regclass::oid, p.oid, 0, NULL, p.proowner, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p
   WHERE p.pronamespace = ANY ($1) AND p.proacl IS NOT NULL
  UNION ALL
  SELECT 'pg_type'::regclass::oid, t.oid, 0, NULL, t.typowner, t.typacl, acldefault('T', t.typowner)
    FROM pg_type t
   WHERE t.typnamespace = ANY ($1) AND t.typacl IS NOT NULL
  UNION ALL
  SELECT 'pg_namespace'::regclass::oid, n.oid, 0, NULL, n.nspowner, n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace n
   WHERE n.oid = ANY ($1) AND n.nspacl IS NOT NULL
  UNION ALL
  SELECT 'pg_language'::regclass::oid, l.oid, 0, NULL, l.lanowner, l.lanacl, acldefault('l', l.lanowner)
    FROM pg_language l
   WHERE l.lanacl IS NOT NULL
  UNION ALL
  SELECT 'pg_foreign_data_wrapper'::regclass::oid, w.oid, 0, NULL, w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner)
    FROM pg_foreign_data_wrapper w
   WHERE w.fdwacl IS NOT NULL
  UNION ALL
  SELECT 'pg_foreign_server'::regclass::oid, s.oid, 0, NULL, s.srvowner, s.srvacl, acldefault('S', s.srvowner)
    FROM pg_foreign_server s
   WHERE s.srvacl IS NOT NULL
  UNION ALL
  -- Default privileges in a schema are added to the general ones: there is no built-in list below them.
  SELECT 'pg_default_acl'::regclass::oid, d.oid, 0, NULL, d.defaclrole, d.defaclacl,
         CASE WHEN d.defaclnamespace = 0 THEN
           acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END::"char", d.defaclrole)
         END
    FROM pg_default_acl d
   WHERE d.defaclnamespace = 0 OR d.defaclnamespace = ANY ($1)
), lists AS MATERIALIZED (
  -- There are few different lists, however many objects there are: so each is taken apart once.
  SELECT l.owner, l.acl, l.base, x.*
    FROM (SELECT DISTINCT owner, acl, base FROM objects) l, LATERAL (
           SELECT grantee, grantor,
                  array_agg(privilege ORDER BY privilege) FILTER (WHERE is_given) AS given,
                  array_agg(privilege ORDER BY privilege) FILTER (WHERE NOT is_given) AS built_in
             FROM (SELECT true AS is_given, *, privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END AS privilege
                     FROM aclexplode(l.acl)
                   UNION ALL
                   SELECT false, *, privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END
                     FROM aclexplode(l.base)) privileges
            GROUP BY grantee, grantor) x
)
SELECT o.class, o.oid, o.sub, quote_ident(o.part),
       CASE l.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(l.grantee)) END,
       CASE WHEN l.grantor <> o.owner THEN quote_ident(pg_get_userbyid(l.grantor)) END,
       l.given, l.built_in
  FROM objects o JOIN lists l ON l.owner = o.owner AND l.acl = o.acl AND l.base IS NOT DISTINCT FROM o.base
 WHERE l.given IS DISTINCT FROM l.built_in
