-- What an extension or PostgreSQL itself supplies and somebody has changed: its owner, who may use it, what is
-- said about it, and its schema, where its extension has all in one: of what is written in C, since people add
-- other things of their own to extensions. What the extension's script did was written by the transaction that
-- made the object or the extension as it is; it comes back with the extension.
WITH objects (class, oid, schema, owner, acl, base) AS (
  SELECT 'pg_class'::regclass::oid, c.oid, NULL::oid, c.relowner, c.relacl,
         acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)
    FROM pg_class c
   WHERE c.relkind NOT IN ('i', 'I', 't', 'c')
  UNION ALL
  SELECT 'pg_proc'::regclass::oid, p.oid, CASE WHEN p.prolang IN (12, 13) THEN p.pronamespace END, p.proowner,
         p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p
  UNION ALL
  SELECT 'pg_type'::regclass::oid, t.oid, CASE t.typtype WHEN 'b' THEN t.typnamespace END, t.typowner, t.typacl,
         acldefault('T', t.typowner)
    FROM pg_type t
   WHERE t.typrelid = 0 AND NOT {{array_of_another(t)}}
  UNION ALL
  SELECT 'pg_namespace'::regclass::oid, n.oid, NULL, n.nspowner, n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace n
   WHERE n.oid <> 2200
  UNION ALL
  SELECT 'pg_language'::regclass::oid, l.oid, NULL, l.lanowner, l.lanacl, acldefault('l', l.lanowner) FROM pg_language l
  UNION ALL
  SELECT 'pg_foreign_data_wrapper'::regclass::oid, w.oid, NULL, w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner)
    FROM pg_foreign_data_wrapper w
  UNION ALL
  SELECT 'pg_foreign_server'::regclass::oid, s.oid, NULL, s.srvowner, s.srvacl, acldefault('S', s.srvowner)
    FROM pg_foreign_server s
), supplied AS (
  SELECT o.*, d.refobjid AS extension, d.xmin::text AS made_by,
         e.extrelocatable AND o.schema <> e.extnamespace AS moved
    FROM objects o LEFT JOIN pg_depend d ON d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e'
         AND d.refclassid = 'pg_extension'::regclass
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
   WHERE d.refobjid IS NOT NULL OR o.oid < 16384 AND o.acl IS NOT NULL
)
SELECT o.class, o.oid, 0, format('supplied:%s:%s', x.type, x.identity), 'extension:' || quote_ident(e.extname),
       CASE WHEN o.owner NOT IN (10, e.extowner) THEN pg_get_userbyid(o.owner) END AS owner,
       CASE WHEN o.owner NOT IN (10, e.extowner) THEN pg_get_userbyid(e.extowner) END AS extension_owner,
       CASE WHEN o.moved THEN e.extnamespace::regnamespace::text END AS home
  FROM supplied o LEFT JOIN pg_extension e ON e.oid = o.extension
  {{initial(o.class, o.oid, 0)}}, LATERAL pg_identify_object(o.class, o.oid, 0) x
 WHERE 'information_schema' NOT IN (coalesce(x.schema, ''), x.identity)
   AND (NOT (o.acl <@ coalesce(i.initprivs, o.base) AND o.acl @> coalesce(i.initprivs, o.base))
    OR o.owner NOT IN (10, e.extowner) OR o.moved
    OR EXISTS (SELECT FROM pg_attribute a {{initial('pg_class'::regclass, o.oid, a.attnum)}}
                WHERE o.class = 'pg_class'::regclass AND a.attrelid = o.oid AND a.attacl IS NOT NULL
                  AND NOT (a.attacl <@ coalesce(i.initprivs, '{}') AND a.attacl @> coalesce(i.initprivs, '{}')))
    OR EXISTS (SELECT FROM pg_seclabel l WHERE l.classoid = o.class AND l.objoid = o.oid)
    OR EXISTS (SELECT FROM pg_description c
                WHERE c.classoid = o.class AND c.objoid = o.oid AND o.oid >= 16384 AND o.extension IS NOT NULL
                  AND c.xmin::text NOT IN (o.made_by, e.xmin::text)))
