-- Fragments that several queries share. In a query, {{name(argument, ...)}} stands for the text below the line
-- "-- macro name(parameter, ...)", with {parameter} replaced by the argument.

-- macro member(catalog, oid)
-- Whether the object belongs to an extension: it comes and goes with it. Such objects are few: a server reads them
-- once, rather than look for each object among them.
{oid} IN (SELECT e.objid FROM pg_depend e
            WHERE e.classid = '{catalog}'::regclass AND e.deptype = 'e' AND e.refclassid = 'pg_extension'::regclass)

-- macro address(class, oid, sub)
-- An address as one number: see addresses.py. The columns of the system, which have negative ones, are no part.
(({class}::oid::bigint << 44) + ({oid}::bigint << 12) + greatest({sub}, 0))

-- macro collation_unless(collation, default)
-- The name of a collation, NULL where it is the one of the type.
CASE WHEN {collation} <> {default} THEN (
  SELECT format('%I.%I', cn.nspname, co.collname)
    FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
   WHERE co.oid = {collation}) END

-- macro column_collation
-- The name of the collation of column a, NULL where it is the one of its type. The type is looked up, not joined
-- with: for each relation anew, a server would go through all types in the order of their oids.
CASE WHEN a.attcollation <> 0 THEN (
  SELECT format('%I.%I', cn.nspname, co.collname)
    FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
   WHERE co.oid = a.attcollation AND co.oid <> (SELECT y.typcollation FROM pg_type y WHERE y.oid = a.atttypid)) END

-- macro column_options
-- Those of column a. Since the releases of November 2026 each column has a version among them, new with each change of
-- its type.
CASE WHEN a.attoptions[1] ^@ 'pg_attver=' AND a.attoptions[2] IS NULL THEN NULL
     WHEN a.attoptions IS NOT NULL THEN (
  SELECT array_agg(o.option ORDER BY o.number) FROM unnest(a.attoptions) WITH ORDINALITY o (option, number)
   WHERE NOT o.option ^@ 'pg_attver=') END

-- macro array_of_another(type)
-- Whether the type is the array type that came with another one.
EXISTS (SELECT FROM pg_type e WHERE e.oid = {type}.typelem AND e.typarray = {type}.oid)

-- macro access_method
-- That of relation c, NULL where it is the built-in one. A partitioned table has none, unless it says so.
(SELECT format('%I', m.amname) FROM pg_am m WHERE m.oid = c.relam AND (m.amname <> 'heap' OR c.relkind = 'p'))

-- macro tablespace(relation)
-- That of a relation, NULL where it is the database's.
CASE WHEN {relation}.reltablespace <> 0 THEN (
  SELECT format('%I', s.spcname) FROM pg_tablespace s WHERE s.oid = {relation}.reltablespace) END

-- macro relation_columns
-- Name, type and collation of each column of relation c, as a list of objects.
(SELECT json_agg(json_strip_nulls(json_build_object(
          'name', format('%I', a.attname),
          'type', format_type(a.atttypid, a.atttypmod),
          'collation', {{column_collation}})) ORDER BY a.attnum)
   FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)

-- macro sequence_attributes
-- What can be set on sequence s.
nullif(format_type(s.seqtypid, NULL), 'bigint') AS type,
s.seqstart AS start,
nullif(s.seqincrement, 1) AS increment,
s.seqmin AS min,
s.seqmax AS max,
nullif(s.seqcache, 1) AS cache,
nullif(s.seqcycle, false) AS cycle

-- macro given(type, same)
-- Whether some table above c gives it a constraint of that type: g, of column ga, where that is the same.
EXISTS (
  WITH RECURSIVE above AS (
    SELECT i.inhparent AS oid FROM pg_inherits i WHERE i.inhrelid = c.oid
     UNION
    SELECT i.inhparent FROM pg_inherits i JOIN above p ON p.oid = i.inhrelid)
  SELECT FROM above JOIN pg_constraint g ON g.conrelid = above.oid
    LEFT JOIN pg_attribute ga ON ga.attrelid = g.conrelid AND ga.attnum = g.conkey[1]
   WHERE g.contype = {type} AND NOT g.connoinherit AND ({same}))

-- macro owns_not_null
-- Whether NOT NULL constraint k of column a of table c is its own: also what a parent's column that went has left, or
-- one that was there by its own name before that of a parent which is not valid. That pg_dump does not tell of in a
-- table that has left its parents too, or where it was never validated.
(k.conislocal OR c.relispartition OR (
   k.convalidated AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
   AND NOT {{given('n', ga.attname = a.attname AND g.convalidated OR ga.attname = a.attname AND g.conname = k.conname)}}))

-- macro has_not_null
-- Whether column a of table c is NOT NULL. One that inherits that may be without its constraint k, which the server
-- drops when a child's column gets another type or expression, and go on to refuse NULL.
(a.attnotnull AND (c.relispartition OR coalesce({{owns_not_null}}, false) OR {{given('n', ga.attname = a.attname)}}))

-- macro named_not_null
-- NOT NULL constraint k of column a, NULL where a plain NOT NULL would make it the same way. One that is only
-- inherited has the name that the first of its parents happened to have: nobody can choose it. SET EXPRESSION takes
-- the constraint of a partition, and pg_dump does not tell of it then.
CASE WHEN k.oid IS NULL AND c.relispartition AND a.attnotnull THEN json_build_object('lost', true)
     WHEN {{owns_not_null}}
     THEN CASE WHEN k.conname <> left(c.relname || '_' || a.attname || '_not_null', 63)
                    OR NOT k.convalidated OR k.connoinherit
          THEN json_strip_nulls(json_build_object(
                 'name', format('%I', k.conname),
                 'no_inherit', nullif(k.connoinherit, false),
                 'not_valid', nullif(NOT k.convalidated, false))) END
     WHEN {{has_not_null}}
     THEN json_strip_nulls(json_build_object('not_valid', nullif(NOT k.convalidated, false), 'inherited', true)) END

-- macro lacking(index, table)
-- Whether an index is none of a partitioned table, or one that some partition below does not have. One that all have,
-- be it that there is none any more, is as good as valid, and cannot be made otherwise.
(NOT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = {table})
 OR EXISTS (
   WITH RECURSIVE parts AS (
     SELECT {index} AS part, {table} AS relation
      UNION ALL
     SELECT x.indexrelid, x.indrelid
       FROM parts p JOIN pg_inherits a ON a.inhparent = p.part JOIN pg_index x ON x.indexrelid = a.inhrelid
      WHERE x.indisvalid OR EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = x.indrelid))
   SELECT FROM parts p JOIN pg_inherits t ON t.inhparent = p.relation
    WHERE NOT EXISTS (SELECT FROM parts o WHERE o.relation = t.inhrelid)))

-- macro index_identity(index)
-- The identity of an index, given by its oid: that of its constraint where one owns it.
(SELECT CASE WHEN k.oid IS NULL THEN format('index:%I.%I', xn.nspname, x.relname)
             ELSE format('constraint:%I.%I.%I', xtn.nspname, xt.relname, k.conname) END
   FROM pg_index xi JOIN pg_class x ON x.oid = xi.indexrelid JOIN pg_namespace xn ON xn.oid = x.relnamespace
   JOIN pg_class xt ON xt.oid = xi.indrelid JOIN pg_namespace xtn ON xtn.oid = xt.relnamespace
   LEFT JOIN pg_constraint k ON k.conrelid = xi.indrelid AND k.conindid = xi.indexrelid AND k.contype IN ('p', 'u', 'x')
  WHERE xi.indexrelid = {index})

-- macro family_operators(catalog, oid, kind)
-- The operators that a class has of its own (kind i), or that a family has beside its classes (kind a), in the order of
-- pg_dump: as they came.
(SELECT json_agg(json_strip_nulls(json_build_object(
          'strategy', o.amopstrategy,
          'operator', o.amopopr::regoperator::text,
          'order_by', (SELECT format('%I.%I', sn.nspname, s.opfname) FROM pg_opfamily s
             JOIN pg_namespace sn ON sn.oid = s.opfnamespace WHERE s.oid = o.amopsortfamily)))
          ORDER BY o.amopstrategy, o.oid)
   FROM pg_depend d JOIN pg_amop o ON o.oid = d.objid
  WHERE d.classid = 'pg_amop'::regclass AND d.refclassid = '{catalog}'::regclass AND d.refobjid = {oid}
    AND d.deptype = '{kind}')

-- macro family_functions(catalog, oid, kind)
-- In the same way, the support functions.
(SELECT json_agg(json_build_object(
          'number', p.amprocnum,
          'types', json_build_array(format_type(p.amproclefttype, NULL), format_type(p.amprocrighttype, NULL)),
          'function', p.amproc::regprocedure::text)
          ORDER BY p.amprocnum, p.oid)
   FROM pg_depend d JOIN pg_amproc p ON p.oid = d.objid
  WHERE d.classid = 'pg_amproc'::regclass AND d.refclassid = '{catalog}'::regclass AND d.refobjid = {oid}
    AND d.deptype = '{kind}')

-- macro named_options(list)
-- Options of foreign objects, as an object.
CASE WHEN {list} IS NOT NULL THEN (
  SELECT json_object_agg(quote_ident(x.option_name), x.option_value) FROM pg_options_to_table({list}) x) END

-- macro column_names(relation, numbers)
-- The names of columns given by their numbers, sorted; NULL where all are meant.
CASE WHEN {numbers} IS NOT NULL THEN ARRAY(
  SELECT quote_ident(a.attname) FROM pg_attribute a
   WHERE a.attrelid = {relation} AND a.attnum = ANY ({numbers})
   ORDER BY a.attname) END

-- macro initial(catalog, oid, sub)
-- A join with the privileges i that an extension or initdb gave to an object.
LEFT JOIN pg_init_privs i ON i.classoid = {catalog} AND i.objoid = {oid} AND i.objsubid = {sub}

-- macro looked_at(schema, oid)
-- Whether the object is in a schema that is looked at, or was made by initdb, or beside that by an extension.
({schema} = ANY ($1) OR {oid} < 16384 OR {schema} = 'pg_catalog'::regnamespace)

-- macro setting_name(text)
-- The name in the text "name=value".
left({text}, strpos({text}, '=') - 1)

-- macro setting_value(text)
-- The value in the text "name=value".
substr({text}, strpos({text}, '=') + 1)

-- macro key_columns(relation, numbers)
-- The names of columns given by their numbers, in that order.
ARRAY(SELECT quote_ident(a.attname) FROM unnest({numbers}) WITH ORDINALITY AS u(number, place)
        JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = u.number
       ORDER BY u.place)

-- macro may_read_mapping
-- Whether the view pg_user_mappings shows us the options of mapping u, rather than NULL.
(SELECT r.rolsuper OR (u.umuser = 0 OR u.usename = current_user)
          AND (pg_has_role(s.srvowner, 'USAGE') OR u.umuser <> 0 AND has_server_privilege(s.oid, 'USAGE'))
   FROM pg_foreign_server s, pg_roles r
  WHERE s.oid = u.srvid AND r.rolname = current_user)
