"""What is read from the system catalogs: one query per kind of fact.

Each query gives rows ``(class, oid, sub, id, parent, attrs)``: the catalog address of the object
(``pg_depend`` speaks in addresses), its identity, the identity it is part of or NULL, and its attributes as
JSON, without those that have their default. All run with an empty ``search_path``, so that every name the
server prints is qualified.

Sources: the chapter "System Catalogs" and "System Catalog Information Functions" of the PostgreSQL manual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ARCHIVE_SCHEMA = "snapstore_archive"


@dataclass(frozen=True)
class Query:
    """``sql(version)`` is the text for a server of that ``server_version_num``."""

    kind: str
    sql: Callable[[int], str]


def _member(catalog: str, oid: str) -> str:
    """Leaves out what belongs to an extension: it comes and goes with it."""
    return (
        "NOT EXISTS (SELECT FROM pg_depend e WHERE e.deptype = 'e' AND e.refclassid = 'pg_extension'::regclass"
        f" AND e.classid = '{catalog}'::regclass AND e.objid = {oid})"
    )


def _attrs(*pairs: str) -> str:
    """A JSON object of ``'key', value`` pairs without those that are NULL."""
    return f"json_strip_nulls(json_build_object({', '.join(pairs)}))"


def _unless(value: str, default: str) -> str:
    return f"nullif({value}, {default})"


_OWNER = "'owner', pg_get_userbyid({})"
_COLLATION = (
    "(SELECT format('%I.%I', cn.nspname, co.collname) FROM pg_collation co JOIN pg_namespace cn"
    " ON cn.oid = co.collnamespace WHERE co.oid = {0} AND {0} <> {1})"
)

_SCHEMAS = f"""
SELECT 'pg_namespace'::regclass::oid, n.oid, 0, format('schema:%I', n.nspname), NULL,
       {_attrs(_OWNER.format("n.nspowner"))}
  FROM pg_namespace n WHERE n.oid = ANY ($1) AND {_member("pg_namespace", "n.oid")}"""

_EXTENSIONS = f"""
SELECT 'pg_extension'::regclass::oid, e.oid, 0, format('extension:%I', e.extname), NULL,
       {_attrs("'version', e.extversion", "'schema', format('%I', n.nspname)")}
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"""

_COLLATIONS = """
SELECT 'pg_collation'::regclass::oid, c.oid, 0, format('collation:%I.%I', n.nspname, c.collname), NULL,
       json_strip_nulls(json_build_object('owner', pg_get_userbyid(c.collowner),
         'provider', c.collprovider, 'deterministic', c.collisdeterministic,
         'collate', {collate}, 'ctype', {ctype}, 'locale', {locale}, 'rules', {rules}))
  FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
 WHERE c.collnamespace = ANY ($1) AND {member}"""


def _collations(version: int) -> str:
    locale = "c.colllocale" if version >= 170000 else "c.colliculocale" if version >= 150000 else "NULL"
    return _COLLATIONS.format(
        member=_member("pg_collation", "c.oid"),
        collate="c.collcollate",
        ctype="c.collctype",
        locale=locale,
        rules="c.collicurules" if version >= 160000 else "NULL",
    )


_ENUMS = f"""
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('enum:%I.%I', n.nspname, t.typname), NULL,
       {
    _attrs(
        _OWNER.format("t.typowner"),
        "'labels', (SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]')"
        " FROM pg_enum e WHERE e.enumtypid = t.oid)",
    )
}
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'e' AND t.typnamespace = ANY ($1) AND {_member("pg_type", "t.oid")}"""

_COMPOSITES = f"""
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('composite:%I.%I', n.nspname, t.typname), NULL,
       {
    _attrs(
        _OWNER.format("t.typowner"),
        "'attributes', (SELECT coalesce(json_agg(json_strip_nulls(json_build_object('name',"
        " quote_ident(a.attname), 'type', format_type(a.atttypid, a.atttypmod), 'collation', "
        + _COLLATION.format("a.attcollation", "y.typcollation")
        + ")) ORDER BY a.attnum), '[]') FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid"
        " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)",
    )
}
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE c.relkind = 'c' AND t.typnamespace = ANY ($1) AND {_member("pg_type", "t.oid")}"""

_DOMAINS = f"""
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('domain:%I.%I', n.nspname, t.typname), NULL,
       {
    _attrs(
        _OWNER.format("t.typowner"),
        "'type', format_type(t.typbasetype, t.typtypmod)",
        "'collation', " + _COLLATION.format("t.typcollation", "b.typcollation"),
        "'default', pg_get_expr(t.typdefaultbin, 0)",
        "'not_null', nullif(t.typnotnull, false)",
    )
}
  FROM pg_type t JOIN pg_type b ON b.oid = t.typbasetype JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'd' AND t.typnamespace = ANY ($1) AND {_member("pg_type", "t.oid")}"""

_DOMAIN_CONSTRAINTS = f"""
SELECT 'pg_constraint'::regclass::oid, k.oid, 0,
       format('constraint:%I.%I.%I', n.nspname, t.typname, k.conname), format('domain:%I.%I', n.nspname, t.typname),
       {_attrs("'definition', pg_get_constraintdef(k.oid)")}
  FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE k.contype = 'c' AND t.typnamespace = ANY ($1) AND {_member("pg_type", "t.oid")}"""

_RANGES = """
SELECT 'pg_type'::regclass::oid, t.oid, 0, format('range:%I.%I', n.nspname, t.typname), NULL,
       json_strip_nulls(json_build_object('owner', pg_get_userbyid(t.typowner),
         'subtype', format_type(r.rngsubtype, NULL),
         'opclass', (SELECT format('%I.%I', on_.nspname, o.opcname) FROM pg_opclass o
            JOIN pg_namespace on_ ON on_.oid = o.opcnamespace WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
         'collation', {collation},
         'canonical', nullif(r.rngcanonical, 0)::regproc::text,
         'subtype_diff', nullif(r.rngsubdiff, 0)::regproc::text,
         'multirange', (SELECT format('%I', m.typname) FROM pg_type m WHERE m.oid = r.rngmultitypid)))
  FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_type s ON s.oid = r.rngsubtype
  JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typnamespace = ANY ($1) AND {member}"""

_RELATION = "format('%I.%I', n.nspname, c.relname)"
_OPTIONS = "'options', (SELECT json_agg(o ORDER BY o) FROM unnest(c.reloptions) o)"
_ACCESS_METHOD = "'access_method', (SELECT format('%I', m.amname) FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap')"
_TABLESPACE = (
    "'tablespace', (SELECT format('%I', s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace)"
)

_TABLES = f"""
SELECT 'pg_class'::regclass::oid, c.oid, 0, 'table:' || {_RELATION}, NULL,
       {
    _attrs(
        _OWNER.format("c.relowner"),
        "'persistence', nullif(c.relpersistence, 'p')",
        "'partition_key', pg_get_partkeydef(c.oid)",
        "'inherits', CASE WHEN NOT c.relispartition THEN (SELECT json_agg(format('%I.%I', pn.nspname, p.relname)"
        " ORDER BY i.inhseqno) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent"
        " JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid) END",
        "'of', nullif(c.reloftype, 0)::regtype::text",
        "'row_security', nullif(c.relrowsecurity, false)",
        "'force_row_security', nullif(c.relforcerowsecurity, false)",
        "'replica_identity', nullif(nullif(c.relreplident, 'd'), 'i')",
        "'toast_options', (SELECT json_agg(o ORDER BY o) FROM pg_class t, unnest(t.reloptions) o"
        " WHERE t.oid = c.reltoastrelid)",
        _OPTIONS,
        _ACCESS_METHOD,
        _TABLESPACE,
    )
}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
   AND {_member("pg_class", "c.oid")}"""

_ATTACHMENTS = f"""
SELECT 0::oid, 0::oid, 0, 'partition:' || {_RELATION}, 'table:' || {_RELATION},
       {_attrs("'of', format('%I.%I', pn.nspname, p.relname)", "'bound', pg_get_expr(c.relpartbound, c.oid)")}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
 WHERE c.relispartition AND c.relkind IN ('r', 'p') AND c.relnamespace = ANY ($1)
   AND {_member("pg_class", "c.oid")}"""

_COLUMNS = """
SELECT 'pg_class'::regclass::oid, c.oid, a.attnum, format('column:%I.%I.%I', n.nspname, c.relname, a.attname),
       'table:' || format('%I.%I', n.nspname, c.relname),
       json_strip_nulls(json_build_object(
         'type', format_type(a.atttypid, a.atttypmod),
         'collation', CASE WHEN a.attcollation <> t.typcollation THEN (
            SELECT format('%I.%I', cn.nspname, co.collname) FROM pg_collation co
              JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
         'not_null', {not_null},
         'generated', CASE WHEN a.attgenerated <> '' THEN json_build_object('kind', a.attgenerated,
            'expression', pg_get_expr(d.adbin, d.adrelid)) END,
         'identity', CASE WHEN a.attidentity <> '' THEN (
            SELECT json_strip_nulls(json_build_object('kind', a.attidentity,
              'sequence', format('%I.%I', sn.nspname, sc.relname), {sequence},
              'persistence', nullif(sc.relpersistence, c.relpersistence)))
              FROM pg_depend x JOIN pg_class sc ON sc.oid = x.objid JOIN pg_sequence s ON s.seqrelid = sc.oid
              JOIN pg_namespace sn ON sn.oid = sc.relnamespace
             WHERE x.classid = 'pg_class'::regclass AND x.refclassid = 'pg_class'::regclass
               AND x.refobjid = c.oid AND x.refobjsubid = a.attnum AND x.deptype = 'i') END,
         'storage', nullif(a.attstorage, t.typstorage),
         'compression', nullif(a.attcompression, ''),
         'statistics', nullif({statistics}, -1),
         'options', (SELECT json_agg(o ORDER BY o) FROM unnest(a.attoptions) o),
         'inherited', nullif(NOT a.attislocal, false)))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum AND a.attgenerated <> ''{join}
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
   AND a.attnum > 0 AND NOT a.attisdropped AND {member}"""

_SEQUENCE = (
    "'type', nullif(format_type(s.seqtypid, NULL), 'bigint'), 'start', s.seqstart, 'increment',"
    " nullif(s.seqincrement, 1), 'min', s.seqmin, 'max', s.seqmax, 'cache', nullif(s.seqcache, 1),"
    " 'cycle', nullif(s.seqcycle, false)"
)
# From version 18 on a NOT NULL is a constraint with a name and an inheritance of its own.
_NAMED_NOT_NULL = """CASE WHEN k.oid IS NULL THEN nullif(a.attnotnull, false)::text
            WHEN k.conname = left(c.relname || '_' || a.attname || '_not_null', 63) AND k.convalidated
                 AND NOT k.connoinherit AND (k.conislocal OR c.relispartition) THEN 'true'
            ELSE json_strip_nulls(json_build_object('name', format('%I', k.conname),
              'no_inherit', nullif(k.connoinherit, false), 'not_valid', nullif(NOT k.convalidated, false),
              'inherited', nullif(NOT k.conislocal AND NOT c.relispartition, false)))::text END::json"""
_NOT_NULL_JOIN = (
    "\n  LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum"
)


def _columns(version: int) -> str:
    named = version >= 180000
    return _COLUMNS.format(
        not_null=_NAMED_NOT_NULL if named else "nullif(a.attnotnull, false)",
        join=_NOT_NULL_JOIN if named else "",
        sequence=_SEQUENCE,
        statistics="coalesce(a.attstattarget, -1)",
        member=_member("pg_class", "c.oid"),
    )


_DEFAULTS = f"""
SELECT 'pg_attrdef'::regclass::oid, d.oid, 0, format('default:%I.%I.%I', n.nspname, c.relname, a.attname),
       CASE WHEN c.relkind = 'v' THEN 'view:' || {_RELATION}
            ELSE format('column:%I.%I.%I', n.nspname, c.relname, a.attname) END,
       {_attrs("'expression', pg_get_expr(d.adbin, d.adrelid)")}
  FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE a.attgenerated = '' AND c.relkind IN ('r', 'p', 'v') AND c.relnamespace = ANY ($1)
   AND c.relpersistence <> 't' AND {_member("pg_class", "c.oid")}"""

_CONSTRAINTS = f"""
SELECT 'pg_constraint'::regclass::oid, k.oid, 0,
       format('constraint:%I.%I.%I', n.nspname, c.relname, k.conname), 'table:' || {_RELATION},
       {
    _attrs(
        "'type', k.contype",
        "'definition', pg_get_constraintdef(k.oid)",
        "'inherited', nullif(k.contype = 'c' AND NOT k.conislocal, false)",
        "'options', (SELECT json_agg(o ORDER BY o) FROM pg_class x, unnest(x.reloptions) o"
        " WHERE x.oid = k.conindid AND k.contype <> 'f')",
        "'tablespace', (SELECT format('%I', s.spcname) FROM pg_class x JOIN pg_tablespace s"
        " ON s.oid = x.reltablespace WHERE x.oid = k.conindid AND k.contype <> 'f')",
        "'index_schema', NULL",
    )
}
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND c.relkind IN ('r', 'p') AND c.relnamespace = ANY ($1)
   AND c.relpersistence <> 't' AND NOT (k.contype = 'f' AND k.conparentid <> 0) AND {
    _member("pg_class", "c.oid")
}"""

_INDEXES = f"""
SELECT 'pg_class'::regclass::oid, c.oid, 0, 'index:' || {_RELATION},
       CASE t.relkind WHEN 'm' THEN 'matview:' ELSE 'table:' END || format('%I.%I', tn.nspname, t.relname),
       {
    _attrs(
        "'definition', pg_get_indexdef(c.oid)",
        "'invalid', nullif(NOT i.indisvalid AND c.relkind = 'i', false)",
        "'statistics', (SELECT json_object_agg(a.attnum, a.attstattarget ORDER BY a.attnum) FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attstattarget >= 0)",
        _TABLESPACE,
    )
}
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
 WHERE t.relkind IN ('r', 'p', 'm') AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
   AND {_member("pg_class", "c.oid")} AND {_member("pg_class", "t.oid")}"""

# The identity of an index: that of its constraint where one owns it.
_INDEX_IDENTITY = (
    "coalesce((SELECT format('constraint:%I.%I.%I', kn.nspname, kc.relname, k.conname) FROM pg_constraint k"
    " JOIN pg_class kc ON kc.oid = k.conrelid JOIN pg_namespace kn ON kn.oid = kc.relnamespace"
    " WHERE k.conindid = {0}.oid AND k.contype IN ('p', 'u', 'x')),"
    " 'index:' || format('%I.%I', {1}.nspname, {0}.relname))"
)
_INDEX_ATTACHMENTS = f"""
SELECT 0::oid, 0::oid, 0, 'index_partition:' || {_RELATION}, {_INDEX_IDENTITY.format("c", "n")},
       {
    _attrs("'of', format('%I.%I', pn.nspname, p.relname)", "'parent', " + _INDEX_IDENTITY.format("p", "pn"))
}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
 WHERE c.relkind IN ('i', 'I') AND c.relnamespace = ANY ($1) AND {_member("pg_class", "c.oid")}"""

# Which index a table is clustered on, and which one identifies rows to replicas.
_INDEX_ROLES = f"""
SELECT 0::oid, 0::oid, 0, r.kind || ':' || format('%I.%I', tn.nspname, t.relname),
       CASE t.relkind WHEN 'm' THEN 'matview:' ELSE 'table:' END || format('%I.%I', tn.nspname, t.relname),
       {_attrs("'index', format('%I', c.relname)", "'identity', " + _INDEX_IDENTITY.format("c", "n"))}
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN (VALUES ('cluster'), ('replica_identity')) r (kind)
    ON CASE r.kind WHEN 'cluster' THEN i.indisclustered ELSE i.indisreplident AND t.relreplident = 'i' END
 WHERE c.relnamespace = ANY ($1) AND {_member("pg_class", "t.oid")}"""

_SEQUENCES = f"""
SELECT 'pg_class'::regclass::oid, c.oid, 0, 'sequence:' || {_RELATION},
       (SELECT format('column:%I.%I.%I', tn.nspname, t.relname, a.attname) FROM pg_depend x
          JOIN pg_class t ON t.oid = x.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.refobjsubid
         WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'a'
           AND x.refclassid = 'pg_class'::regclass AND x.refobjsubid > 0),
       {_attrs(_OWNER.format("c.relowner"), "'persistence', nullif(c.relpersistence, 'p')", _SEQUENCE)}
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relnamespace = ANY ($1) AND c.relpersistence <> 't' AND {_member("pg_class", "c.oid")}
   AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid
                      AND x.deptype = 'i')"""

_RESULT_COLUMNS = (
    "'columns', (SELECT json_agg(json_strip_nulls(json_build_object('name', format('%I', a.attname), 'type',"
    " format_type(a.atttypid, a.atttypmod), 'collation', "
    + _COLLATION.format("a.attcollation", "y.typcollation")
    + ")) ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid"
    " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
)

_VIEWS = f"""
SELECT 'pg_class'::regclass::oid, c.oid, 0, 'view:' || {_RELATION}, NULL,
       {_attrs(_OWNER.format("c.relowner"), "'query', pg_get_viewdef(c.oid)", _OPTIONS, _RESULT_COLUMNS)}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'v' AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'
   AND {_member("pg_class", "c.oid")}"""

_MATVIEWS = f"""
SELECT 'pg_class'::regclass::oid, c.oid, 0, 'matview:' || {_RELATION}, NULL,
       {
    _attrs(
        _OWNER.format("c.relowner"),
        "'query', pg_get_viewdef(c.oid)",
        _OPTIONS,
        _RESULT_COLUMNS,
        "'unpopulated', nullif(NOT c.relispopulated, false)",
        "'column_settings', (SELECT json_object_agg(format('%I', a.attname), json_strip_nulls(json_build_object("
        "'storage', nullif(a.attstorage, y.typstorage), 'compression', nullif(a.attcompression, ''),"
        " 'statistics', nullif(coalesce(a.attstattarget, -1), -1))) ORDER BY a.attname)"
        " FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0"
        " AND NOT a.attisdropped AND (a.attstorage <> y.typstorage OR a.attcompression <> ''"
        " OR coalesce(a.attstattarget, -1) <> -1))",
        _ACCESS_METHOD,
        _TABLESPACE,
    )
}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND c.relnamespace = ANY ($1) AND {_member("pg_class", "c.oid")}"""

_FUNCTIONS = f"""
SELECT 'pg_proc'::regclass::oid, p.oid, 0,
       CASE p.prokind WHEN 'p' THEN 'procedure:' ELSE 'function:' END || p.oid::regprocedure::text, NULL,
       {
    _attrs(
        _OWNER.format("p.proowner"),
        "'definition', pg_get_functiondef(p.oid)",
        "'arguments', pg_get_function_arguments(p.oid)",
        "'result', pg_get_function_result(p.oid)",
        "'window', nullif(p.prokind = 'w', false)",
    )
}
  FROM pg_proc p WHERE p.prokind IN ('f', 'p', 'w') AND p.pronamespace = ANY ($1)
   AND {_member("pg_proc", "p.oid")}
   AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid
                      AND x.deptype = 'i')"""

_AGGREGATES = f"""
SELECT 'pg_proc'::regclass::oid, p.oid, 0, 'aggregate:' || p.oid::regprocedure::text, NULL,
       {
    _attrs(
        _OWNER.format("p.proowner"),
        "'arguments', pg_get_function_arguments(p.oid)",
        "'identity_arguments', pg_get_function_identity_arguments(p.oid)",
        "'kind', nullif(a.aggkind, 'n')",
        "'sfunc', a.aggtransfn::regproc::text",
        "'stype', format_type(a.aggtranstype, NULL)",
        "'sspace', nullif(a.aggtransspace, 0)",
        "'finalfunc', nullif(a.aggfinalfn, 0)::regproc::text",
        "'finalfunc_extra', nullif(a.aggfinalextra, false)",
        "'finalfunc_modify', nullif(a.aggfinalmodify::text, CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END)",
        "'combinefunc', nullif(a.aggcombinefn, 0)::regproc::text",
        "'serialfunc', nullif(a.aggserialfn, 0)::regproc::text",
        "'deserialfunc', nullif(a.aggdeserialfn, 0)::regproc::text",
        "'initcond', a.agginitval",
        "'msfunc', nullif(a.aggmtransfn, 0)::regproc::text",
        "'minvfunc', nullif(a.aggminvtransfn, 0)::regproc::text",
        "'mstype', CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END",
        "'msspace', nullif(a.aggmtransspace, 0)",
        "'mfinalfunc', nullif(a.aggmfinalfn, 0)::regproc::text",
        "'mfinalfunc_extra', nullif(a.aggmfinalextra, false)",
        "'mfinalfunc_modify', CASE WHEN a.aggmtransfn <> 0 THEN nullif(a.aggmfinalmodify::text,"
        " CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END) END",
        "'minitcond', a.aggminitval",
        "'sortop', (SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname) FROM pg_operator o"
        " JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = a.aggsortop)",
        "'parallel', nullif(p.proparallel, 'u')",
    )
}
  FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
 WHERE p.pronamespace = ANY ($1) AND {_member("pg_proc", "p.oid")}"""

_TRIGGERS = f"""
SELECT 'pg_trigger'::regclass::oid, g.oid, 0, format('trigger:%I.%I.%I', n.nspname, c.relname, g.tgname),
       CASE c.relkind WHEN 'v' THEN 'view:' ELSE 'table:' END || {_RELATION},
       {
    _attrs(
        "'definition', pg_get_triggerdef(g.oid)",
        "'enabled', nullif(g.tgenabled, 'O')",
        "'constraint', nullif(g.tgconstraint <> 0, false)",
    )
}
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND c.relkind IN ('r', 'p', 'v') AND c.relnamespace = ANY ($1)
   AND {_member("pg_class", "c.oid")}"""

# A trigger that a partition got from its parent is dumped only where its state differs; so do we.
_TRIGGER_STATES = f"""
SELECT 0::oid, 0::oid, 0, format('trigger_state:%I.%I.%I', n.nspname, c.relname, g.tgname),
       'table:' || {_RELATION}, {_attrs("'enabled', g.tgenabled")}
  FROM pg_trigger g JOIN pg_trigger u ON u.oid = g.tgparentid
  JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT g.tgisinternal AND g.tgenabled <> u.tgenabled AND c.relnamespace = ANY ($1)"""

_POLICIES = f"""
SELECT 'pg_policy'::regclass::oid, p.oid, 0, format('policy:%I.%I.%I', n.nspname, c.relname, p.polname),
       'table:' || {_RELATION},
       {
    _attrs(
        "'command', nullif(p.polcmd, '*')",
        "'restrictive', nullif(NOT p.polpermissive, false)",
        "'roles', (SELECT json_agg(r ORDER BY r) FROM (SELECT CASE WHEN o = 0 THEN 'PUBLIC' ELSE"
        " quote_ident(pg_get_userbyid(o)) END r FROM unnest(p.polroles) o) x)",
        "'using', pg_get_expr(p.polqual, p.polrelid)",
        "'check', pg_get_expr(p.polwithcheck, p.polrelid)",
    )
}
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relnamespace = ANY ($1) AND {_member("pg_class", "c.oid")}"""

_RULES = f"""
SELECT 'pg_rewrite'::regclass::oid, r.oid, 0, format('rule:%I.%I.%I', n.nspname, c.relname, r.rulename),
       CASE c.relkind WHEN 'v' THEN 'view:' WHEN 'm' THEN 'matview:' ELSE 'table:' END || {_RELATION},
       {_attrs("'definition', pg_get_ruledef(r.oid)", "'enabled', nullif(r.ev_enabled, 'O')")}
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE r.rulename <> '_RETURN' AND c.relnamespace = ANY ($1) AND {_member("pg_class", "c.oid")}"""

_DEFAULT_PRIVILEGES = """
SELECT 'pg_default_acl'::regclass::oid, d.oid, 0, 'default_privileges:' || quote_ident(pg_get_userbyid(d.defaclrole))
         || CASE WHEN d.defaclnamespace <> 0 THEN '.' || quote_ident(n.nspname) ELSE '' END
         || ':' || d.defaclobjtype::text, NULL,
       json_strip_nulls(json_build_object('role', pg_get_userbyid(d.defaclrole),
         'schema', CASE WHEN n.oid IS NOT NULL THEN format('%I', n.nspname) END, 'objects', d.defaclobjtype))
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
 WHERE d.defaclnamespace = 0 OR d.defaclnamespace = ANY ($1)"""

FACTS: tuple[Query, ...] = (
    Query("schema", lambda v: _SCHEMAS),
    Query("extension", lambda v: _EXTENSIONS),
    Query("collation", _collations),
    Query("enum", lambda v: _ENUMS),
    Query("composite", lambda v: _COMPOSITES),
    Query("domain", lambda v: _DOMAINS),
    Query("constraint", lambda v: _DOMAIN_CONSTRAINTS),
    Query(
        "range",
        lambda v: _RANGES.format(
            member=_member("pg_type", "t.oid"),
            collation=_COLLATION.format("r.rngcollation", "s.typcollation"),
        ),
    ),
    Query("table", lambda v: _TABLES),
    Query("partition", lambda v: _ATTACHMENTS),
    Query("column", _columns),
    Query("default", lambda v: _DEFAULTS),
    Query("constraint", lambda v: _CONSTRAINTS),
    Query("index", lambda v: _INDEXES),
    Query("index_partition", lambda v: _INDEX_ATTACHMENTS),
    Query("cluster", lambda v: _INDEX_ROLES),
    Query("sequence", lambda v: _SEQUENCES),
    Query("view", lambda v: _VIEWS),
    Query("matview", lambda v: _MATVIEWS),
    Query("function", lambda v: _FUNCTIONS),
    Query("aggregate", lambda v: _AGGREGATES),
    Query("trigger", lambda v: _TRIGGERS),
    Query("trigger_state", lambda v: _TRIGGER_STATES),
    Query("policy", lambda v: _POLICIES),
    Query("rule", lambda v: _RULES),
    Query("default_privileges", lambda v: _DEFAULT_PRIVILEGES),
)

NAMESPACES = f"""
SELECT n.oid FROM pg_namespace n
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname !~ '^{ARCHIVE_SCHEMA}'
   AND NOT (n.nspname = ANY ($1))"""

COMMENTS = """
SELECT d.classoid, d.objoid, d.objsubid, quote_ident(a.attname), d.description FROM pg_description d
  LEFT JOIN pg_attribute a ON d.classoid = 'pg_class'::regclass AND a.attrelid = d.objoid AND a.attnum = d.objsubid
 WHERE (d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass)"""

# Who stands on whom. What initdb made (below 16384) is always there; "public" is the exception.
DEPENDENCIES = """
SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid FROM pg_depend d
 WHERE d.deptype IN ('n', 'a') AND d.objid >= 16384
   AND (d.refobjid >= 16384 OR d.refclassid = 'pg_namespace'::regclass)"""

# Addresses that stand for another one: a view's rule, a row type, an array type, a constraint's index …
ALIASES = """
SELECT 'pg_rewrite'::regclass::oid, r.oid, 'pg_class'::regclass::oid, r.ev_class
  FROM pg_rewrite r WHERE r.rulename = '_RETURN' AND r.oid >= 16384
UNION ALL SELECT 'pg_type'::regclass::oid, t.oid, 'pg_class'::regclass::oid, t.typrelid
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid WHERE c.relkind <> 'c' AND t.oid >= 16384
UNION ALL SELECT 'pg_type'::regclass::oid, t.oid, 'pg_type'::regclass::oid, t.typelem
  FROM pg_type t WHERE t.typcategory = 'A' AND t.typelem <> 0 AND t.oid >= 16384
UNION ALL SELECT 'pg_type'::regclass::oid, r.rngmultitypid, 'pg_type'::regclass::oid, r.rngtypid
  FROM pg_range r WHERE r.rngtypid >= 16384
UNION ALL SELECT 'pg_class'::regclass::oid, t.typrelid, 'pg_type'::regclass::oid, t.oid
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid WHERE c.relkind = 'c' AND t.oid >= 16384
UNION ALL SELECT 'pg_class'::regclass::oid, k.conindid, 'pg_constraint'::regclass::oid, k.oid
  FROM pg_constraint k WHERE k.contype IN ('p', 'u', 'x') AND k.conindid >= 16384
UNION ALL SELECT e.classid, e.objid, 'pg_extension'::regclass::oid, e.refobjid
  FROM pg_depend e WHERE e.deptype = 'e'"""

# The address of a generated column's expression stands for the column itself.
GENERATED = """
SELECT 'pg_attrdef'::regclass::oid, d.oid, d.adrelid, d.adnum
  FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 WHERE a.attgenerated <> '' AND d.oid >= 16384"""

# Every privilege on every object whose list is not the built-in one, beside what the built-in one would say.
PRIVILEGES = """
WITH objects (class, oid, sub, part, owner, acl, base) AS (
  SELECT 'pg_class'::regclass::oid, c.oid, 0, NULL, c.relowner, c.relacl,
         acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)
    FROM pg_class c WHERE c.relnamespace = ANY ($1) AND c.relacl IS NOT NULL
  UNION ALL SELECT 'pg_class'::regclass::oid, c.oid, a.attnum, a.attname, c.relowner, a.attacl, acldefault('c', c.relowner)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
   WHERE c.relnamespace = ANY ($1) AND a.attacl IS NOT NULL AND NOT a.attisdropped
  UNION ALL SELECT 'pg_proc'::regclass::oid, p.oid, 0, NULL, p.proowner, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p WHERE p.pronamespace = ANY ($1) AND p.proacl IS NOT NULL
  UNION ALL SELECT 'pg_type'::regclass::oid, t.oid, 0, NULL, t.typowner, t.typacl, acldefault('T', t.typowner)
    FROM pg_type t WHERE t.typnamespace = ANY ($1) AND t.typacl IS NOT NULL
  UNION ALL SELECT 'pg_namespace'::regclass::oid, n.oid, 0, NULL, n.nspowner, n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace n WHERE n.oid = ANY ($1) AND n.nspacl IS NOT NULL
  UNION ALL SELECT 'pg_default_acl'::regclass::oid, d.oid, 0, NULL, d.defaclrole, d.defaclacl,
         CASE WHEN d.defaclnamespace = 0 THEN
           acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END::"char", d.defaclrole)
         END
    FROM pg_default_acl d WHERE d.defaclnamespace = 0 OR d.defaclnamespace = ANY ($1)
)
SELECT o.class, o.oid, o.sub, quote_ident(o.part), x.base, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
       CASE WHEN x.grantor <> o.owner THEN quote_ident(pg_get_userbyid(x.grantor)) END,
       array_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END
                 ORDER BY x.privilege_type)
  FROM objects o, LATERAL (
    SELECT false AS base, g.* FROM aclexplode(o.acl) g UNION ALL SELECT true, b.* FROM aclexplode(o.base) b) x
 GROUP BY 1, 2, 3, 4, 5, 6, 7"""

# Volatile: helps to plan, is no state.
RELATIONS = """
SELECT CASE c.relkind WHEN 'm' THEN 'matview:' ELSE 'table:' END || format('%I.%I', n.nspname, c.relname),
       greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))::bigint, CASE c.relkind WHEN 'p' THEN 0 ELSE pg_relation_size(c.oid) END,
       (SELECT array_agg(format('%I', a.attname) ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace = ANY ($1) AND c.relpersistence <> 't'"""


def _unmodelled(version: int) -> str:
    named = (
        "SELECT '{0} ' || format('%I.%I', n.nspname, x.{1}) FROM {2} x JOIN pg_namespace n ON n.oid = x.{3}"
    )
    inside = " WHERE x.{} = ANY ($1) AND {}"
    parts = [
        named.format(title, name, table, namespace)
        + inside.format(namespace, _member(table, "x.oid"))
        + extra
        for title, name, table, namespace, extra in (
            ("operator", "oprname", "pg_operator", "oprnamespace", ""),
            ("operator class", "opcname", "pg_opclass", "opcnamespace", ""),
            ("operator family", "opfname", "pg_opfamily", "opfnamespace", ""),
            ("conversion", "conname", "pg_conversion", "connamespace", ""),
            ("statistics", "stxname", "pg_statistic_ext", "stxnamespace", ""),
            ("text search parser", "prsname", "pg_ts_parser", "prsnamespace", ""),
            ("text search dictionary", "dictname", "pg_ts_dict", "dictnamespace", ""),
            ("text search template", "tmplname", "pg_ts_template", "tmplnamespace", ""),
            ("text search configuration", "cfgname", "pg_ts_config", "cfgnamespace", ""),
            ("foreign table", "relname", "pg_class", "relnamespace", " AND x.relkind = 'f'"),
            (
                "base type",
                "typname",
                "pg_type",
                "typnamespace",
                " AND x.typtype IN ('b', 'p') AND NOT (x.typcategory = 'A' AND x.typelem <> 0)",
            ),
        )
    ]
    parts += [
        f"SELECT '{title} ' || quote_ident(x.{name}) FROM {table} x WHERE x.oid >= 16384 AND {_member(table, 'x.oid')}"
        for title, name, table in (
            ("language", "lanname", "pg_language"),
            ("access method", "amname", "pg_am"),
            ("event trigger", "evtname", "pg_event_trigger"),
            ("publication", "pubname", "pg_publication"),
            ("foreign-data wrapper", "fdwname", "pg_foreign_data_wrapper"),
            ("foreign server", "srvname", "pg_foreign_server"),
        )
    ]
    parts.append(
        "SELECT format('cast (%s AS %s)', format_type(x.castsource, NULL), format_type(x.casttarget, NULL))"
        f" FROM pg_cast x WHERE x.oid >= 16384 AND {_member('pg_cast', 'x.oid')}"
    )
    parts.append(
        "SELECT format('transform for %s language %I', format_type(x.trftype, NULL), l.lanname) FROM pg_transform x"
        f" JOIN pg_language l ON l.oid = x.trflang WHERE {_member('pg_transform', 'x.oid')}"
    )
    parts.append(
        "SELECT 'subscription ' || quote_ident(x.subname) FROM (SELECT subname, subdbid FROM pg_subscription) x"
        " JOIN pg_database d ON d.oid = x.subdbid WHERE d.datname = current_database()"
    )
    return "\nUNION ALL ".join(parts)


UNMODELLED = _unmodelled

ARCHIVE_EXISTS = f"SELECT to_regclass('{ARCHIVE_SCHEMA}.entries') IS NOT NULL"
ARCHIVE = f"""
SELECT e.place, e.identity, e.kind, CASE WHEN e.returned_at IS NULL THEN e.facts END, e.returned_at IS NOT NULL
  FROM {ARCHIVE_SCHEMA}.entries e ORDER BY e.archived_at, e.place"""
