-- Privileges on every object whose list is not the built-in one: by grantee and grantor (NULL: the owner), those
-- that are given and those that the built-in list would give, where they differ. What an extension or initdb
-- gave to an object is its built-in list.
WITH objects (class, oid, sub, part, owner, acl, base) AS (
  SELECT 'pg_class'::regclass::oid, c.oid, 0, NULL, c.relowner, c.relacl,
         coalesce(i.initprivs, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
    FROM pg_class c {{initial('pg_class'::regclass, c.oid, 0)}}
   WHERE {{looked_at(c.relnamespace, c.oid)}} AND c.relacl IS NOT NULL
  UNION ALL
  SELECT 'pg_class'::regclass::oid, c.oid, a.attnum, a.attname, c.relowner, a.attacl,
         coalesce(i.initprivs, acldefault('c', c.relowner))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid {{initial('pg_class'::regclass, c.oid, a.attnum)}}
   WHERE {{looked_at(c.relnamespace, c.oid)}} AND a.attacl IS NOT NULL AND NOT a.attisdropped
  UNION ALL
  SELECT 'pg_proc'::regclass::oid, p.oid, 0, NULL, p.proowner, p.proacl,
         coalesce(i.initprivs, acldefault('f', p.proowner))
    FROM pg_proc p {{initial('pg_proc'::regclass, p.oid, 0)}}
   WHERE {{looked_at(p.pronamespace, p.oid)}} AND p.proacl IS NOT NULL
  UNION ALL
  SELECT 'pg_type'::regclass::oid, t.oid, 0, NULL, t.typowner, t.typacl,
         coalesce(i.initprivs, acldefault('T', t.typowner))
    FROM pg_type t {{initial('pg_type'::regclass, t.oid, 0)}}
   WHERE {{looked_at(t.typnamespace, t.oid)}} AND t.typacl IS NOT NULL
  UNION ALL
  SELECT 'pg_namespace'::regclass::oid, n.oid, 0, NULL, n.nspowner, n.nspacl,
         coalesce(i.initprivs, acldefault('n', n.nspowner))
    -- That of "public" can be dropped and made again.
    FROM pg_namespace n {{initial('pg_namespace'::regclass, n.oid, 0)}} AND n.oid <> 2200
   WHERE {{looked_at(n.oid, n.oid)}} AND n.nspacl IS NOT NULL
  UNION ALL
  SELECT 'pg_language'::regclass::oid, l.oid, 0, NULL, l.lanowner, l.lanacl,
         coalesce(i.initprivs, acldefault('l', l.lanowner))
    FROM pg_language l {{initial('pg_language'::regclass, l.oid, 0)}}
   WHERE l.lanacl IS NOT NULL
  UNION ALL
  SELECT 'pg_foreign_data_wrapper'::regclass::oid, w.oid, 0, NULL, w.fdwowner, w.fdwacl,
         coalesce(i.initprivs, acldefault('F', w.fdwowner))
    FROM pg_foreign_data_wrapper w {{initial('pg_foreign_data_wrapper'::regclass, w.oid, 0)}}
   WHERE w.fdwacl IS NOT NULL
  UNION ALL
  SELECT 'pg_foreign_server'::regclass::oid, s.oid, 0, NULL, s.srvowner, s.srvacl,
         coalesce(i.initprivs, acldefault('S', s.srvowner))
    FROM pg_foreign_server s {{initial('pg_foreign_server'::regclass, s.oid, 0)}}
   WHERE s.srvacl IS NOT NULL
  UNION ALL
  SELECT 'pg_database'::regclass::oid, d.oid, 0, NULL, d.datdba, d.datacl, acldefault('d', d.datdba)
    FROM pg_database d
   WHERE d.datname = current_database() AND d.datacl IS NOT NULL
  UNION ALL
  SELECT 'pg_tablespace'::regclass::oid, s.oid, 0, NULL, s.spcowner, s.spcacl, acldefault('t', s.spcowner)
    FROM pg_tablespace s
   WHERE s.spcacl IS NOT NULL
  UNION ALL
  SELECT 'pg_parameter_acl'::regclass::oid, p.oid, 0, NULL, 10, p.paracl, acldefault('p', 10) -- since 15
    FROM pg_parameter_acl p -- since 15
  UNION ALL -- since 15
  SELECT 'pg_largeobject'::regclass::oid, l.oid, 0, NULL, l.lomowner, l.lomacl, acldefault('L', l.lomowner)
    FROM pg_largeobject_metadata l
   WHERE l.lomacl IS NOT NULL
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
