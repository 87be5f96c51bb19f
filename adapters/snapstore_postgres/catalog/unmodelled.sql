-- Everything there is that no query in facts/ reads, by name: what this role may not read, and what this server
-- has that snapstore knows nothing of. Newer servers have new catalogs, and new letters in known ones.
WITH known (name) AS (
  SELECT unnest(ARRAY[
    'pg_aggregate', 'pg_am', 'pg_amop', 'pg_amproc', 'pg_attrdef', 'pg_attribute', 'pg_auth_members', 'pg_authid',
    'pg_cast', 'pg_class', 'pg_collation', 'pg_constraint', 'pg_conversion', 'pg_database', 'pg_db_role_setting',
    'pg_default_acl', 'pg_depend', 'pg_description', 'pg_enum', 'pg_event_trigger', 'pg_extension',
    'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_foreign_table', 'pg_index', 'pg_inherits', 'pg_init_privs',
    'pg_language', 'pg_largeobject_metadata', 'pg_namespace', 'pg_opclass', 'pg_operator', 'pg_opfamily',
    'pg_parameter_acl', 'pg_partitioned_table', 'pg_policy', 'pg_proc', 'pg_publication',
    'pg_publication_namespace', 'pg_publication_rel', 'pg_range', 'pg_rewrite', 'pg_seclabel', 'pg_sequence',
    'pg_shdepend', 'pg_shdescription', 'pg_shseclabel', 'pg_statistic_ext', 'pg_subscription', 'pg_tablespace',
    'pg_transform', 'pg_trigger', 'pg_ts_config', 'pg_ts_config_map', 'pg_ts_dict', 'pg_ts_parser',
    'pg_ts_template', 'pg_type', 'pg_user_mapping',
    -- Contents and progress, which are no state of a schema.
    'pg_largeobject', 'pg_replication_origin', 'pg_statistic', 'pg_statistic_ext_data', 'pg_subscription_rel'])
), classes (oid) AS (
  SELECT to_regclass('pg_catalog.' || name)::oid FROM known WHERE to_regclass('pg_catalog.' || name) IS NOT NULL
), addresses (class, oid) AS (
  SELECT d.classid, d.objid FROM pg_depend d WHERE d.objid >= 16384 AND d.classid NOT IN (SELECT oid FROM classes)
  UNION
  SELECT d.classid, d.objid
    FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid
   WHERE b.datname = current_database() AND d.classid NOT IN (SELECT oid FROM classes)
  UNION
  SELECT d.classoid, d.objoid FROM pg_description d
   WHERE d.objoid >= 16384 AND d.classoid NOT IN (SELECT oid FROM classes)
  UNION
  SELECT l.classoid, l.objoid FROM pg_seclabel l WHERE l.classoid NOT IN (SELECT oid FROM classes)
  UNION
  SELECT i.classoid, i.objoid FROM pg_init_privs i
   WHERE i.objoid >= 16384 AND i.classoid NOT IN (SELECT oid FROM classes)
), schemas (oid) AS (
  SELECT n.oid FROM pg_namespace n WHERE n.oid = ANY ($1)
), letters (what, class, oid, letter) AS (
  SELECT 'relkind', 'pg_class'::regclass::oid, c.oid, c.relkind
    FROM pg_class c
   WHERE c.relnamespace IN (SELECT oid FROM schemas) AND c.relkind NOT IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I', 't', 'c')
  UNION ALL
  SELECT 'relpersistence', 'pg_class'::regclass, c.oid, c.relpersistence
    FROM pg_class c
   WHERE c.relnamespace IN (SELECT oid FROM schemas) AND c.relpersistence NOT IN ('p', 'u', 't')
  UNION ALL
  SELECT 'contype', 'pg_constraint'::regclass, k.oid, k.contype
    FROM pg_constraint k
   WHERE k.connamespace IN (SELECT oid FROM schemas) AND k.contype NOT IN ('c', 'f', 'p', 'u', 'x', 'n', 't')
  UNION ALL
  SELECT 'prokind', 'pg_proc'::regclass, p.oid, p.prokind
    FROM pg_proc p
   WHERE p.pronamespace IN (SELECT oid FROM schemas) AND p.prokind NOT IN ('f', 'p', 'a', 'w')
  UNION ALL
  SELECT 'typtype', 'pg_type'::regclass, t.oid, t.typtype
    FROM pg_type t
   WHERE t.typnamespace IN (SELECT oid FROM schemas) AND t.typtype NOT IN ('b', 'c', 'd', 'e', 'p', 'r', 'm')
  UNION ALL
  SELECT 'collprovider', 'pg_collation'::regclass, c.oid, c.collprovider
    FROM pg_collation c
   WHERE c.collnamespace IN (SELECT oid FROM schemas) AND c.collprovider NOT IN ('d', 'b', 'i', 'c')
  UNION ALL
  SELECT 'partstrat', 'pg_class'::regclass, p.partrelid, p.partstrat
    FROM pg_partitioned_table p
   WHERE p.partstrat NOT IN ('r', 'l', 'h')
  UNION ALL
  SELECT 'amtype', 'pg_am'::regclass, a.oid, a.amtype FROM pg_am a WHERE a.amtype NOT IN ('t', 'i')
  UNION ALL
  SELECT 'castmethod', 'pg_cast'::regclass, c.oid, c.castmethod FROM pg_cast c WHERE c.castmethod NOT IN ('f', 'i', 'b')
  UNION ALL
  SELECT 'defaclobjtype', 'pg_default_acl'::regclass, d.oid, d.defaclobjtype
    FROM pg_default_acl d
   WHERE d.defaclobjtype NOT IN ('r', 'S', 'f', 'T', 'n', 'L')
  UNION ALL
  SELECT 'stxkind', 'pg_statistic_ext'::regclass, s.oid, kind
    FROM pg_statistic_ext s, unnest(s.stxkind) kind
   WHERE kind NOT IN ('d', 'f', 'm', 'e')
)
SELECT format('%s (catalog %s)', coalesce(pg_describe_object(a.class, a.oid, 0), a.oid::text), a.class::regclass)
  FROM addresses a
UNION ALL
SELECT format('%s (%s %L)', pg_describe_object(l.class, l.oid, 0), l.what, l.letter)
  FROM letters l
UNION ALL
SELECT format('what is in catalog %s', c.relname)
  FROM pg_class c
 WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND c.oid < 16384
   AND c.oid NOT IN (SELECT oid FROM classes) AND pg_relation_size(c.oid) > 0
UNION ALL
-- A role that may not read connections can still see that there are subscriptions.
SELECT format('subscription %I (this role may not read how it connects)', x.subname)
  FROM (SELECT subname, subdbid FROM pg_subscription) x JOIN pg_database d ON d.oid = x.subdbid
 WHERE d.datname = current_database() AND NOT has_column_privilege('pg_subscription', 'subconninfo', 'SELECT')
UNION ALL
SELECT format('user mapping for %s on server %I (this role may not read its options)', u.usename, u.srvname)
  FROM pg_user_mappings u
 WHERE NOT {{may_read_mapping}}
