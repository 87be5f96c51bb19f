"""Rules for tables and what is part of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from snapstore.model import Fact, Hazard, HazardName, Json, SealedRef
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres import archive
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.names import last, literal, qualifier, quote, unquote
from snapstore_postgres.options import altered_options, options_clause
from snapstore_postgres.words import designation

STRONGEST = "ACCESS EXCLUSIVE"
_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}
_ENABLED = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def size(view: View, identity: str) -> tuple[int | None, int | None]:
    """Rows (an estimate) and bytes of a live relation with its children; (None, None) if unknown."""
    found = view.request.live_hints.get("relations", {}).get(identity)
    if not found:
        return None, None
    sizes = [(found["rows"], found["bytes"])]
    sizes += [size(view, f"table:{child}") for child in _children(identity, view.live_dependents)]
    return sum(rows or 0 for rows, _ in sizes), sum(bytes_ or 0 for _, bytes_ in sizes)


def table_of(fact: Fact) -> str:
    """The qualified, quoted name of the relation that a part of it belongs to."""
    return qualifier(fact.name)


def owner_statement(keyword: str, name: str, fact: Fact) -> list[str]:
    return [f"ALTER {keyword} {name} OWNER TO {quote(fact.attrs['owner'])}"] if "owner" in fact.attrs else []


def data_loss(view: View, identity: str, what: str) -> tuple[Hazard, ...]:
    """The hazard of destroying a relation's rows; none where it is known to be empty or they are archived."""
    rows, bytes_ = size(view, identity)
    if bytes_ == 0:
        return ()
    return (Hazard(HazardName.DATA_LOSS, f"{what} and the rows in it", rows=rows, bytes=bytes_),)


# -- tables ------------------------------------------------------------------------------------------------


def _columns_in_order(fact: Fact, view: View) -> list[Fact]:
    """The columns in the physical order they had when the target was taken."""
    known = view.request.target_hints.get("relations", {}).get(fact.id, {}).get("columns") or []
    place = {f"column:{fact.name}.{name}": index for index, name in enumerate(known)}
    columns = [part for part in view.target_parts.get(fact.id, ()) if part.kind == "column"]
    return sorted(columns, key=lambda c: (place.get(c.id, len(place)), c.id))


def _create_table(fact: Fact, view: View) -> Draft:
    attrs = fact.attrs
    columns = _columns_in_order(fact, view)
    kind, foreign, secrets = _foreign(fact)
    inline = [c for c in columns if not (attrs.get("inherits") and c.attrs.get("inherited"))]
    body = ",\n".join(f"    {column_clause(c, view, typed=bool(attrs.get('of')))}" for c in inline)
    persistence = "UNLOGGED " if attrs.get("persistence") == "u" else ""
    of = f" OF {attrs['of']}" if attrs.get("of") else ""
    text = f"CREATE {persistence}{kind} {fact.name}{of}" + (f" (\n{body}\n)" if body or not of else "")
    text += f"\nINHERITS ({', '.join(attrs['inherits'])})" if attrs.get("inherits") else ""
    text += f"\nPARTITION BY {attrs['partition_key']}" if attrs.get("partition_key") else ""
    text += foreign
    text += f"\nUSING {attrs['access_method']}" if attrs.get("access_method") else ""
    options = [*attrs.get("options", ()), *(f"toast.{o}" for o in attrs.get("toast_options", ()))]
    text += f"\nWITH ({', '.join(options)})" if options else ""
    text += f"\nTABLESPACE {attrs['tablespace']}" if attrs.get("tablespace") else ""
    after = [s for c in columns for s in _column_settings(c)]
    return Draft(
        statements=[text, *owner_statement("TABLE", fact.name, fact), *after, *_table_flags(fact, {})],
        undo=[f"DROP {kind} {fact.name}"],
        secrets=secrets,
        absorbs=columns,
        needs=[f"table:{parent}" for parent in attrs.get("inherits", ())],
        lock=STRONGEST,
    )


def _foreign(fact: Fact) -> tuple[str, str, Mapping[str, SealedRef]]:
    """The keyword, the clause and its secrets of a table that lies on another server."""
    foreign = fact.attrs.get("foreign")
    if foreign is None:
        return "TABLE", "", {}
    clause, secrets = options_clause(fact.id, foreign.get("options") or {})
    return "FOREIGN TABLE", f"\nSERVER {foreign['server']}{clause}", secrets


def _table_flags(fact: Fact, before: Mapping[str, Json]) -> list[str]:
    alter = f"ALTER TABLE ONLY {fact.name}"
    found = []
    for key, word in (("row_security", "ROW LEVEL SECURITY"), ("force_row_security", "ROW LEVEL SECURITY")):
        if bool(before.get(key)) != bool(fact.attrs.get(key)):
            on, off = ("FORCE", "NO FORCE") if key.startswith("force") else ("ENABLE", "DISABLE")
            found.append(f"{alter} {on if fact.attrs.get(key) else off} {word}")
    if before.get("replica_identity") != fact.attrs.get("replica_identity"):
        words = {"f": "FULL", "n": "NOTHING"}
        found.append(
            f"{alter} REPLICA IDENTITY {words.get(fact.attrs.get('replica_identity', ''), 'DEFAULT')}"
        )
    return found


def _drop_table(fact: Fact, view: View) -> Draft:
    rows, bytes_ = size(view, fact.id)
    carried = _made_anew(fact, view)
    draft = Draft(
        statements=[f"DROP {designation(fact)}"],
        undo=["put back by restoring the safety snapshot"],
        hazards=() if carried else data_loss(view, fact.id, f"table {fact.name}"),
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    moves = archive.wanted(view) and bytes_ != 0 and "partition_key" not in fact.attrs and not carried
    return archive.table_draft(fact, view, draft) if moves else draft


def _made_anew(fact: Fact, view: View) -> bool:
    """Whether its rows are carried over into a new table: of this name, or that it was a partition of."""
    if fact.id in view.target:
        return True
    attachment = view.live.get(f"partition:{fact.name}")
    parent = view.live.get(f"table:{attachment.attrs['of']}") if attachment else None
    return parent is not None and view.vanishes(parent.id) and _made_anew(parent, view)


_UNCHANGEABLE = ("partition_key", "of", "foreign")


def _alter_table(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if any(old.get(key) != new.get(key) for key in _UNCHANGEABLE):
        return None
    name = after.name
    statements = [f"ALTER TABLE {name} {clause}" for clause in _inheritance(old, new)]
    if old.get("persistence") != new.get("persistence"):
        statements.append(f"ALTER TABLE {name} SET {'UNLOGGED' if new.get('persistence') else 'LOGGED'}")
    if old.get("access_method") != new.get("access_method"):
        statements.append(f"ALTER TABLE {name} SET ACCESS METHOD {new.get('access_method', 'heap')}")
    if old.get("tablespace") != new.get("tablespace"):
        statements.append(f"ALTER TABLE {name} SET TABLESPACE {new.get('tablespace', 'pg_default')}")
    statements += option_statements(f"ALTER TABLE {name}", old.get("options"), new.get("options"))
    statements += option_statements(
        f"ALTER TABLE {name}", old.get("toast_options"), new.get("toast_options"), "toast."
    )
    statements += _table_flags(after, old)
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("TABLE", name, after)
    rewrites = any(old.get(key) != new.get(key) for key in ("persistence", "access_method", "tablespace"))
    return Alteration(
        statements=statements, lock=STRONGEST, hazards=rewrite_hazard(view, after.id) if rewrites else ()
    )


def _inheritance(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    was, now = old.get("inherits", []), new.get("inherits", [])
    yield from (f"NO INHERIT {parent}" for parent in was if parent not in now)
    yield from (f"INHERIT {parent}" for parent in now if parent not in was)


def rewrite_hazard(view: View, table: str) -> tuple[Hazard, ...]:
    rows, bytes_ = size(view, table)
    if bytes_ == 0:
        return ()
    return (Hazard(HazardName.TABLE_REWRITE, f"rewrites {table}", rows=rows, bytes=bytes_),)


def option_statements(alter: str, old: Any, new: Any, prefix: str = "") -> list[str]:
    """SET and RESET of storage parameters, from two lists of ``name=value``."""
    was, now = dict(o.split("=", 1) for o in old or ()), dict(o.split("=", 1) for o in new or ())
    gone = ", ".join(f"{prefix}{key}" for key in sorted(was.keys() - now.keys()))
    changed = ", ".join(f"{prefix}{k}={literal(v)}" for k, v in sorted(now.items()) if was.get(k) != v)
    return [
        *([f"{alter} RESET ({gone})"] if gone else []),
        *([f"{alter} SET ({changed})"] if changed else []),
    ]


# -- columns -----------------------------------------------------------------------------------------------


def column_clause(column: Fact, view: View, typed: bool = False) -> str:
    """The column as CREATE TABLE and ADD COLUMN write it, without its default."""
    attrs = column.attrs
    text = last(column.name) + (" WITH OPTIONS" if typed else f" {attrs['type']}")
    text += options_clause(column.id, attrs["foreign_options"])[0] if "foreign_options" in attrs else ""
    text += f" COLLATE {attrs['collation']}" if "collation" in attrs and not typed else ""
    if "generated" in attrs:
        kind = "STORED" if attrs["generated"]["kind"] == "s" else "VIRTUAL"
        text += f" GENERATED ALWAYS AS ({reparsable(attrs['generated']['expression'])}) {kind}"
    if "identity" in attrs:
        text += f" {identity_clause(attrs['identity'])}"
    return text + _not_null_clause(column, attrs.get("not_null"), view)


def _not_null_clause(column: Fact, not_null: Json, view: View) -> str:
    if not not_null:
        return ""
    if not_null is True:
        name = _contested_name(column, view)
        return f" CONSTRAINT {name} NOT NULL" if name else " NOT NULL"
    if not_null.get("not_valid"):
        return ""
    return f" CONSTRAINT {not_null['name']} NOT NULL" + (" NO INHERIT" if not_null.get("no_inherit") else "")


def _contested_name(column: Fact, view: View) -> str | None:
    """The usual name of a NOT NULL where the server would give another, because somebody else has it."""
    if "not_null_names" not in view.memo:
        columns = (f for side in (view.live, view.target) for f in side.values() if f.kind == "column")
        values = (f.attrs.get("not_null") for f in columns)
        view.memo["not_null_names"] = {unquote(v["name"]) for v in values if isinstance(v, dict)}
    name = _not_null_name(column)
    return name if unquote(name) in view.memo["not_null_names"] else None


def identity_clause(identity: Mapping[str, Json]) -> str:
    when = "ALWAYS" if identity["kind"] == "a" else "BY DEFAULT"
    options = f"SEQUENCE NAME {identity['sequence']} " if "sequence" in identity else ""
    return f"GENERATED {when} AS IDENTITY ({options}{sequence_options(identity)})"


def sequence_options(attrs: Mapping[str, Json]) -> str:
    text = f"START WITH {attrs['start']} INCREMENT BY {attrs.get('increment', 1)}"
    text += f" MINVALUE {attrs['min']} MAXVALUE {attrs['max']} CACHE {attrs.get('cache', 1)}"
    return text + (" CYCLE" if attrs.get("cycle") else " NO CYCLE")


def _column_settings(column: Fact, before: Mapping[str, Json] | None = None) -> list[str]:
    """Storage, compression, statistics and options, where they differ from ``before``."""
    old, new = before or {}, column.attrs
    alter = f"ALTER TABLE ONLY {table_of(column)} ALTER COLUMN {last(column.name)}"
    found = []
    if old.get("storage") != new.get("storage"):
        found.append(f"{alter} SET STORAGE {_STORAGE[new['storage']] if 'storage' in new else 'DEFAULT'}")
    if old.get("compression") != new.get("compression"):
        found.append(f"{alter} SET COMPRESSION {_COMPRESSION.get(new.get('compression', ''), 'default')}")
    if old.get("statistics") != new.get("statistics"):
        found.append(f"{alter} SET STATISTICS {new.get('statistics', -1)}")
    found += option_statements(alter, old.get("options"), new.get("options"))
    foreign = altered_options(column.id, old.get("foreign_options") or {}, new.get("foreign_options") or {})[
        0
    ]
    if before is not None and foreign:
        found.append(f"ALTER FOREIGN TABLE {table_of(column)} ALTER COLUMN {last(column.name)}{foreign}")
    not_null = new.get("not_null")
    if before is None and isinstance(not_null, dict) and not_null.get("not_valid"):
        found.append(
            f"ALTER TABLE ONLY {table_of(column)} ADD CONSTRAINT {not_null['name']}"
            f" NOT NULL {last(column.name)} NOT VALID"
        )
    return found


def inherits_persistently(fact: Fact, view: View) -> bool:
    """Whether the parent's change reaches this part of a child table by itself: PostgreSQL recurses."""
    if not fact.attrs.get("inherited"):
        return False
    table = fact.parent or ""
    attachment = "partition:" + table.partition(":")[2]
    if attachment in view.target:
        return view.stays(table) and view.stays(attachment)
    return view.stays(table)


def _descendants(part: Fact, view: View, *, live: bool) -> Iterator[Fact]:
    """The same column or constraint in the tables that inherit it, at any depth."""
    side, dependents = (view.live, view.live_dependents) if live else (view.target, view.target_dependents)
    for child in _children(part.parent or "", dependents):
        found = side.get(f"{part.kind}:{child}.{last(part.name)}")
        if found is not None and found.attrs.get("inherited"):
            yield found
            yield from _descendants(found, view, live=live)


def _children(table: str, dependents: Mapping[str, list[Fact]]) -> list[str]:
    """The names of the partitions of a table and of the tables that inherit from it."""
    return [
        fact.name
        for fact in dependents.get(table, ())
        if fact.kind == "partition"
        or (fact.kind == "table" and table.partition(":")[2] in fact.attrs.get("inherits", ()))
    ]


def _create_column(fact: Fact, view: View) -> Draft:
    if view.appears(fact.parent or "") or inherits_persistently(fact, view):
        return NOTHING
    table = table_of(fact)
    reached = [d for d in _descendants(fact, view, live=False) if inherits_persistently(d, view)]
    settings = [s for column in (fact, *reached) for s in _column_settings(column)]
    rewrites = "identity" in fact.attrs or fact.attrs.get("generated", {}).get("kind") == "s"
    back = archive.kept(view, fact.id, "column")
    statements, absorbed = (_returning(fact, back, view), ()) if back else _adding(fact, view)
    return Draft(
        statements=[*statements, *settings],
        undo=[f"ALTER TABLE {table} DROP COLUMN {last(fact.name)}"],
        absorbs=[*reached, *absorbed],
        lock=STRONGEST,
        hazards=rewrite_hazard(view, f"table:{table}") if rewrites or back else (),
    )


def _adding(fact: Fact, view: View) -> tuple[list[str], Sequence[Fact]]:
    """The column with its default at once, so that rows that are there already get it."""
    default = view.target.get(f"default:{fact.name}")
    clause = column_clause(fact, view)
    if default is None:
        return [f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}"], ()
    if any(f.kind == "sequence" and f.parent == fact.id for f in view.target_parts.get(fact.id, ())):
        return [f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}"], ()  # its sequence comes after it
    clause += f" DEFAULT {reparsable(default.attrs['expression'])}"
    return [f"ALTER TABLE {table_of(fact)} ADD COLUMN {clause}"], (default,)


def _returning(fact: Fact, entry: archive.Entry, view: View) -> list[str]:
    """The column bare, its values from the archive, then what the values have to comply with."""
    bare = Fact(
        fact.id, {k: v for k, v in fact.attrs.items() if k not in ("not_null", "identity")}, fact.parent
    )
    table, name = table_of(fact), last(fact.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    value = cast("a.value", "text", fact.attrs["type"]) if fact.needs else "a.value"
    default = view.target.get(f"default:{fact.name}")
    identity = fact.attrs.get("identity")
    found = [
        f"ALTER TABLE {table} ADD COLUMN {column_clause(bare, view)}",
        *archive.put_back(fact, entry, value, view),
    ]
    if fact.attrs.get("not_null") and default is not None and "nextval" not in default.attrs["expression"]:
        found.append(f"UPDATE {table} SET {name} = {default.attrs['expression']} WHERE {name} IS NULL")
    found += _not_null_statements(fact, None, fact.attrs.get("not_null"), False, view)
    found += _identity_statements(alter, None, identity)
    if identity and "sequence" in identity:
        found += archive.behind_values(identity["sequence"], fact.id)
    return found


def _drop_column(fact: Fact, view: View) -> Draft:
    table = table_of(fact)
    if inherits_persistently(fact, view):
        return NOTHING
    reached = [d for d in _descendants(fact, view, live=True) if inherits_persistently(d, view)]
    # Without the parent's column, a child that keeps its own has it as a local one from then on.
    only = "ONLY " if any(d.id in view.target for d in reached) else ""
    reached = [] if only else reached
    rows, bytes_ = size(view, f"table:{table}")
    kept = "generated" in fact.attrs
    draft = Draft(
        statements=[f"ALTER TABLE {only}{table} DROP COLUMN {last(fact.name)}"],
        undo=["put back by restoring the safety snapshot"],
        absorbs=reached,
        hazards=() if kept else data_loss(view, f"table:{table}", f"column {fact.name}"),
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    copies = archive.wanted(view) and bytes_ != 0 and not kept and not view.vanishes(fact.parent or "")
    return archive.column_draft(fact, view, draft) if copies else draft


_BLOCKS_TYPE_CHANGE = (
    "view",
    "matview",
    "policy",
    "rule",
    "trigger",
    "default",
    "column",
    "function",
    "procedure",
)


def blocks_type_change(dependent: Fact) -> bool:
    """What PostgreSQL does not rebuild by itself when a column it stands on gets another type.

    Foreign keys it would rebuild, but against a column whose type may change later in the same plan.
    """
    if dependent.kind == "constraint":
        return bool(dependent.attrs.get("type") == "f")
    return dependent.kind in _BLOCKS_TYPE_CHANGE


def _alter_column(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if _needs_new_column(old, new, view):
        return None
    follows = inherits_persistently(after, view) and before.attrs.get("inherited")
    retyped = (old["type"], old.get("collation")) != (new["type"], new.get("collation"))
    table, name = table_of(after), last(after.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    statements: list[str] = []
    if not follows:
        statements += _generated_statements(alter, old, new)
        if retyped:
            collate = f" COLLATE {new['collation']}" if "collation" in new else ""
            using = f" USING {cast(name, old['type'], new['type'])}" if old["type"] != new["type"] else ""
            statements.append(f"{alter} TYPE {new['type']}{collate}{using}")
    # An identity column is NOT NULL for as long as it is one.
    not_null = _not_null_statements(after, old.get("not_null"), new.get("not_null"), bool(follows), view)
    identity = _identity_statements(alter, old.get("identity"), new.get("identity"))
    statements += [*not_null, *identity] if "identity" in new else [*identity, *not_null]
    statements += _column_settings(after, old)
    rewrites = retyped or old.get("generated") != new.get("generated")
    renames = _not_null_rename(after, old.get("not_null"), new.get("not_null")) if follows else []
    return Alteration(
        statements=[*statements, *renames],
        lock=STRONGEST,
        displaces=_displaced_by(old, new, retyped, bool(renames)),
        hazards=rewrite_hazard(view, f"table:{table}") if rewrites else (),
    )


_FAMILIES = (
    ("smallint", "integer", "bigint", "numeric", "real", "double precision", "money"),
    ("integer", "boolean"),
    ("date", "timestamp", "time", "interval"),
    ("json", "jsonb"),
    ("bit", "bit varying", "integer", "bigint"),
    ("inet", "cidr"),
)
_STRINGS = ("text", "character varying", "character", "name", '"char"')


def cast(expression: str, old: str, new: str) -> str:
    """The expression as the new type: directly where PostgreSQL has a cast, else through its text.

    Every type can be written as text and read back from it (the manual, CREATE TYPE); what does not fit
    fails there, before anything is lost.
    """
    was, now = _base(old), _base(new)
    direct = was in _STRINGS or now in _STRINGS or was == now
    direct = direct or any(was in family and now in family for family in _FAMILIES)
    if direct and old.endswith("[]") == new.endswith("[]"):
        return f"{expression}::{new}"
    return f"{expression}::text{'[]' if old.endswith('[]') and new.endswith('[]') else ''}::{new}"


def _base(kind: str) -> str:
    """A type without its modifier, its time zone and its array brackets."""
    text = re.sub(r"\(\d+(,-?\d+)?\)", "", kind).removesuffix("[]")
    return re.sub(r" with(out)? time zone$", "", text).strip()


def _displaced_by(
    old: Mapping[str, Json], new: Mapping[str, Json], retyped: bool, renames: bool
) -> Callable[[Fact], bool]:
    """What has to be away while the column changes: for a new type much, for a new source its default."""
    if retyped:
        return blocks_type_change
    sources = any(old.get(key) != new.get(key) for key in ("identity", "generated"))

    def displaces(dependent: Fact) -> bool:
        return (sources and dependent.kind == "default") or (renames and dependent.kind == "partition")

    return displaces


def _not_null_rename(column: Fact, was: Json, now: Json) -> list[str]:
    """The name of a partition's own NOT NULL, which can change only while it is detached."""
    if not was or not now or was == now:
        return []
    names = [value["name"] if isinstance(value, dict) else _not_null_name(column) for value in (was, now)]
    return [f"ALTER TABLE {table_of(column)} RENAME CONSTRAINT {names[0]} TO {names[1]}"]


def _not_null_name(column: Fact) -> str:
    """The name that the server gives where none is asked for."""
    table, name = unquote(last(table_of(column))), unquote(last(column.name))
    return quote(f"{table}_{name}_not_null"[:63])


def _needs_new_column(old: Mapping[str, Json], new: Mapping[str, Json], view: View) -> bool:
    was, now = old.get("generated"), new.get("generated")
    if was == now:
        # The type of a generated column follows its expression, which is rebuilt with it.
        return bool(was) and old["type"] != new["type"]
    if was is None or now is None:
        return now is not None or (was is not None and was["kind"] != "s")
    version = int(view.request.live_hints.get("version", 0))
    return bool(was["kind"] != now["kind"]) or version < 170000 or old["type"] != new["type"]


def _generated_statements(alter: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    was, now = old.get("generated"), new.get("generated")
    if was == now:
        return []
    if now is None:
        return [f"{alter} DROP EXPRESSION"]
    return [f"{alter} SET EXPRESSION AS ({reparsable(now['expression'])})"]


def _not_null_statements(column: Fact, was: Json, now: Json, follows: bool, view: View) -> list[str]:
    if was == now or follows:
        return []
    table, name = table_of(column), last(column.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    if was and not now:
        return [f"{alter} DROP NOT NULL"]
    found = [f"{alter} DROP NOT NULL"] if was else []
    contested = _contested_name(column, view) if now is True else None
    if contested:
        return [*found, f"ALTER TABLE {table} ADD CONSTRAINT {contested} NOT NULL {name}"]
    if now is True:
        return [*found, f"{alter} SET NOT NULL"]
    clause = f"CONSTRAINT {now['name']} NOT NULL {name}" + (" NO INHERIT" if now.get("no_inherit") else "")
    return [*found, f"ALTER TABLE {table} ADD {clause}" + (" NOT VALID" if now.get("not_valid") else "")]


def _identity_statements(alter: str, was: Json, now: Json) -> list[str]:
    if was == now:
        return []
    if now is None:
        return [f"{alter} DROP IDENTITY"]
    if was is None:
        return [f"{alter} ADD {identity_clause(now)}"]
    found = []
    if was["kind"] != now["kind"]:
        found.append(f"{alter} SET GENERATED {'ALWAYS' if now['kind'] == 'a' else 'BY DEFAULT'}")
    if "sequence" in was and "sequence" in now:
        found += _rename_sequence(was["sequence"], now["sequence"])
        if sequence_options(was) != sequence_options(now):
            found.append(f"ALTER SEQUENCE {now['sequence']} {sequence_options(now)}")
    return found


def _rename_sequence(was: str, now: str) -> list[str]:
    found = []
    if qualifier(was) != qualifier(now):
        found.append(f"ALTER SEQUENCE {was} SET SCHEMA {qualifier(now)}")
    if last(was) != last(now):
        found.append(f"ALTER SEQUENCE {qualifier(now)}.{last(was)} RENAME TO {last(now)}")
    return found


# -- defaults ----------------------------------------------------------------------------------------------


def _set_default(fact: Fact, view: View | None = None) -> Draft:
    keyword = "VIEW" if fact.parent and fact.parent.startswith("view:") else "TABLE ONLY"
    alter = f"ALTER {keyword} {table_of(fact)} ALTER COLUMN {last(fact.name)}"
    return Draft(
        statements=[f"{alter} SET DEFAULT {reparsable(fact.attrs['expression'])}"],
        undo=[f"{alter} DROP DEFAULT"],
        lock=STRONGEST,
    )


def _drop_default(fact: Fact, view: View) -> Draft:
    if "column:" + fact.name in view.target and "generated" in view.target["column:" + fact.name].attrs:
        return NOTHING
    keyword = "VIEW" if fact.parent and fact.parent.startswith("view:") else "TABLE ONLY"
    alter = f"ALTER {keyword} {table_of(fact)} ALTER COLUMN {last(fact.name)}"
    return Draft(
        statements=[f"{alter} DROP DEFAULT"],
        undo=[f"{alter} SET DEFAULT {fact.attrs['expression']}"],
        lock=STRONGEST,
    )


def _alter_default(before: Fact, after: Fact, view: View) -> Alteration:
    draft = _set_default(after)
    undo = _set_default(before).statements
    same = before.attrs == after.attrs
    return Alteration(statements=() if same else draft.statements, undo=undo, lock=STRONGEST)


# -- constraints -------------------------------------------------------------------------------------------


def _create_constraint(fact: Fact, view: View) -> Draft:
    name = last(fact.name)
    if fact.parent and fact.parent.startswith("domain:"):
        alter = f"ALTER DOMAIN {qualifier(fact.name)}"
        definition = reparsable(fact.attrs["definition"])
        return Draft(
            statements=[f"{alter} ADD CONSTRAINT {name} {definition}"],
            undo=[f"{alter} DROP CONSTRAINT {name}"],
        )
    if _comes_with_parent(fact, view):
        return NOTHING
    table = table_of(fact)
    only = "" if fact.attrs["type"] in ("c", "f") else "ONLY "
    reached = [d for d in _descendants(fact, view, live=False) if _comes_with_parent(d, view)]
    rows, bytes_ = size(view, f"table:{table}")
    return Draft(
        statements=[f"ALTER TABLE {only}{table} ADD CONSTRAINT {name} {constraint_definition(fact)}"],
        undo=[f"ALTER TABLE {table} DROP CONSTRAINT {name}"],
        absorbs=reached,
        lock="SHARE ROW EXCLUSIVE" if fact.attrs["type"] == "f" else STRONGEST,
        rows=rows,
        bytes=bytes_,
        hazards=_constraint_hazards(fact, rows, bytes_),
    )


def constraint_definition(fact: Fact) -> str:
    text = reparsable(fact.attrs["definition"])
    options, tablespace = fact.attrs.get("options"), fact.attrs.get("tablespace")
    if not options and not tablespace:
        return text
    extra = f" WITH ({', '.join(options)})" if options else ""
    extra += f" USING INDEX TABLESPACE {tablespace}" if tablespace else ""
    for word in (" WHERE ", " DEFERRABLE", " INITIALLY"):
        place = text.find(word)
        if place >= 0:
            return text[:place] + extra + text[place:]
    return text + extra


def _constraint_hazards(fact: Fact, rows: int | None, bytes_: int | None) -> tuple[Hazard, ...]:
    if not bytes_:
        return ()
    if fact.attrs["type"] in ("p", "u", "x"):
        return (Hazard(HazardName.INDEX_BUILD, f"builds the index of {fact.name}", rows=rows, bytes=bytes_),)
    if "NOT VALID" in fact.attrs["definition"]:
        return ()
    return (Hazard(HazardName.BLOCKING_LOCK, f"scans {table_of(fact)} to validate", rows=rows, bytes=bytes_),)


def _comes_with_parent(fact: Fact, view: View) -> bool:
    """An inherited check is there once the parent has it, unless the partition is attached in this plan."""
    if not fact.attrs.get("inherited"):
        return False
    attachment = "partition:" + table_of(fact)
    return attachment not in view.target or inherits_persistently(fact, view)


def _drop_constraint(fact: Fact, view: View) -> Draft:
    name = last(fact.name)
    if fact.parent and fact.parent.startswith("domain:"):
        return Draft(statements=[f"ALTER DOMAIN {qualifier(fact.name)} DROP CONSTRAINT {name}"])
    if fact.attrs.get("inherited") and inherits_persistently(fact, view):
        return NOTHING
    if _attached_index_vanishes_with_parent(fact, view):
        return NOTHING
    table = table_of(fact)
    reached = [d for d in _descendants(fact, view, live=True) if inherits_persistently(d, view)]
    reached += attached_indexes(fact, view)
    return Draft(
        statements=[f"ALTER TABLE {table} DROP CONSTRAINT {name}"],
        undo=[f"ALTER TABLE {table} ADD CONSTRAINT {name} {constraint_definition(fact)}"],
        absorbs=reached,
        lock=STRONGEST,
    )


def _alter_constraint(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if old == new:
        return Alteration()
    if {k: v for k, v in old.items() if k != "inherited"} == {
        k: v for k, v in new.items() if k != "inherited"
    }:
        return Alteration()
    if old["definition"] == f"{new['definition']} NOT VALID" and old["type"] in ("c", "f"):
        table = table_of(after)
        statement = f"ALTER TABLE {table} VALIDATE CONSTRAINT {last(after.name)}"
        if after.parent and after.parent.startswith("domain:"):
            statement = f"ALTER DOMAIN {qualifier(after.name)} VALIDATE CONSTRAINT {last(after.name)}"
        return Alteration(statements=[statement], lock="SHARE UPDATE EXCLUSIVE")
    return None


# -- indexes -----------------------------------------------------------------------------------------------


def attached_indexes(fact: Fact, view: View) -> list[Fact]:
    """The indexes of partitions that vanish with this one, at any depth."""
    found = []
    for part in view.live_dependents.get(fact.id, ()):
        if part.kind == "index_partition" and part.attrs["parent"] == fact.id and part.parent:
            child = view.live[part.parent]
            if not view.vanishes("partition:" + (child.parent or "").partition(":")[2]):
                found += [child, *attached_indexes(child, view)]
    return found


def _attached_index_vanishes_with_parent(fact: Fact, view: View) -> bool:
    for part in view.live_parts.get(fact.id, ()):
        if part.kind == "index_partition" and view.vanishes(part.attrs["parent"]):
            return not view.vanishes("partition:" + (fact.parent or "").partition(":")[2])
    return False


def _create_index(fact: Fact, view: View) -> Draft:
    rows, bytes_ = size(view, fact.parent or "")
    text = reparsable(fact.attrs["definition"])
    if fact.attrs.get("tablespace"):
        place = text.find(" WHERE ")
        clause = f" TABLESPACE {fact.attrs['tablespace']}"
        text = text + clause if place < 0 else text[:place] + clause + text[place:]
    return Draft(
        statements=[text, *_index_statistics(fact, {})],
        undo=[f"DROP INDEX {fact.name}"],
        lock="SHARE",
        rows=rows,
        bytes=bytes_,
        hazards=[Hazard(HazardName.INDEX_BUILD, f"builds {fact.name}", rows=rows, bytes=bytes_)]
        if bytes_
        else (),
    )


def _index_statistics(fact: Fact, before: Mapping[str, Json]) -> list[str]:
    now = fact.attrs.get("statistics", {})
    targets = {**dict.fromkeys(before, -1), **now}
    return [
        f"ALTER INDEX {fact.name} ALTER COLUMN {number} SET STATISTICS {value}"
        for number, value in sorted(targets.items())
        if before.get(number, -1) != value
    ]


def _drop_index(fact: Fact, view: View) -> Draft:
    if _attached_index_vanishes_with_parent(fact, view):
        return NOTHING
    return Draft(
        statements=[f"DROP INDEX {fact.name}"],
        undo=[fact.attrs["definition"]],
        absorbs=attached_indexes(fact, view),
        lock=STRONGEST,
    )


def _alter_index(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if any(old.get(key) != new.get(key) for key in ("definition", "invalid")):
        return None
    statements = []
    if old.get("tablespace") != new.get("tablespace"):
        statements.append(f"ALTER INDEX {after.name} SET TABLESPACE {new.get('tablespace', 'pg_default')}")
    statements += _index_statistics(after, old.get("statistics", {}))
    return Alteration(statements=statements, lock=STRONGEST)


# -- partitions --------------------------------------------------------------------------------------------


def _attach(fact: Fact, view: View) -> Draft:
    parent = fact.attrs["of"]
    return Draft(
        statements=[f"ALTER TABLE ONLY {parent} ATTACH PARTITION {fact.name} {fact.attrs['bound']}"],
        undo=[f"ALTER TABLE {parent} DETACH PARTITION {fact.name}"],
        lock="SHARE UPDATE EXCLUSIVE",
    )


def detached(table: str) -> str:
    """What is provided by detaching a partition: from then on, changes of its parent pass it by."""
    return f"detached:{table}"


def _detach(fact: Fact, view: View) -> Draft:
    parent = fact.attrs["of"]
    return Draft(
        provides=[detached(fact.name)],
        statements=[f"ALTER TABLE {parent} DETACH PARTITION {fact.name}"],
        undo=[f"ALTER TABLE ONLY {parent} ATTACH PARTITION {fact.name} {fact.attrs['bound']}"],
        lock=STRONGEST,
    )


def _alter_partition(before: Fact, after: Fact, view: View) -> Alteration | None:
    return Alteration() if before.attrs == after.attrs else None


def _index_of(fact: Fact) -> str:
    """The name of the index behind an index or constraint identity."""
    kind, _, name = fact.partition(":") if isinstance(fact, str) else (fact.kind, "", fact.name)
    if kind == "index":
        return name
    return f"{qualifier(qualifier(name))}.{last(name)}"


def _attach_index(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"ALTER INDEX {fact.attrs['of']} ATTACH PARTITION {fact.name}"], lock=STRONGEST)


def _detach_index(fact: Fact, view: View) -> Draft:
    return NOTHING


def _set_cluster(fact: Fact, view: View) -> Draft:
    kind = "MATERIALIZED VIEW" if (fact.parent or "").startswith("matview:") else "TABLE"
    return Draft(
        statements=[f"ALTER {kind} {fact.name} CLUSTER ON {fact.attrs['index']}"],
        undo=[f"ALTER {kind} {fact.name} SET WITHOUT CLUSTER"],
        lock="SHARE UPDATE EXCLUSIVE",
    )


def _unset_cluster(fact: Fact, view: View) -> Draft:
    if view.vanishes(fact.attrs["identity"]):
        return NOTHING
    kind = "MATERIALIZED VIEW" if (fact.parent or "").startswith("matview:") else "TABLE"
    return Draft(statements=[f"ALTER {kind} {fact.name} SET WITHOUT CLUSTER"])


def _set_replica_identity(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[f"ALTER TABLE ONLY {fact.name} REPLICA IDENTITY USING INDEX {fact.attrs['index']}"],
        lock=STRONGEST,
    )


def _unset_replica_identity(fact: Fact, view: View) -> Draft:
    after = view.target.get(f"table:{fact.name}")
    if after is None or "replica_identity" in after.attrs:
        return NOTHING
    return Draft(statements=[f"ALTER TABLE ONLY {fact.name} REPLICA IDENTITY DEFAULT"], lock=STRONGEST)


# -- sequences ---------------------------------------------------------------------------------------------


def _create_sequence(fact: Fact, view: View) -> Draft:
    attrs = fact.attrs
    unlogged = "UNLOGGED " if attrs.get("persistence") == "u" else ""
    text = f"CREATE {unlogged}SEQUENCE {fact.name} AS {attrs.get('type', 'bigint')} {sequence_options(attrs)}"
    # Only a sequence with the table's owner can be owned by its column, so the owner comes first.
    statements = [text, *owner_statement("SEQUENCE", fact.name, fact)]
    if fact.parent:
        statements.append(f"ALTER SEQUENCE {fact.name} OWNED BY {fact.parent.partition(':')[2]}")
    statements += archive.position_statements(fact, view)
    return Draft(statements=statements, undo=[f"DROP SEQUENCE {fact.name}"])


def _drop_sequence(fact: Fact, view: View) -> Draft:
    draft = Draft(statements=[f"DROP SEQUENCE {fact.name}"], undo=_create_sequence(fact, view).statements)
    return archive.sequence_draft(fact, view, draft) if archive.wanted(view) else draft


def _alter_sequence(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if before.parent != after.parent and before.parent and not view.stays(before.parent):
        pass  # set free below, before its column goes
    statements = []
    if old.get("persistence") != new.get("persistence"):
        statements.append(
            f"ALTER SEQUENCE {after.name} SET {'UNLOGGED' if new.get('persistence') else 'LOGGED'}"
        )
    if before.parent and before.parent != after.parent:
        statements.append(f"ALTER SEQUENCE {after.name} OWNED BY NONE")
    if old.get("type") != new.get("type") or sequence_options(old) != sequence_options(new):
        statements.append(
            f"ALTER SEQUENCE {after.name} AS {new.get('type', 'bigint')} {sequence_options(new)}"
        )
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("SEQUENCE", after.name, after)
    if after.parent and before.parent != after.parent:
        statements.append(f"ALTER SEQUENCE {after.name} OWNED BY {after.parent.partition(':')[2]}")
    return Alteration(statements=statements, lock="SHARE ROW EXCLUSIVE")


def relation_slot(fact: Fact) -> list[str]:
    """Relations of all kinds share one space of names."""
    return [f"relation:{fact.name}"]


def row_slots(fact: Fact) -> list[str]:
    """A relation with columns is also a type."""
    return [f"relation:{fact.name}", f"type:{fact.name}"]


def _constraint_slot(fact: Fact) -> list[str]:
    if fact.attrs.get("type") not in ("p", "u", "x"):
        return []
    return [f"relation:{qualifier(qualifier(fact.name))}.{last(fact.name)}"]


RULES: dict[str, Rule] = {
    "table": Rule(_create_table, _drop_table, _alter_table, rank=30, slots=row_slots),
    "column": Rule(_create_column, _drop_column, _alter_column, rank=31),
    "sequence": Rule(_create_sequence, _drop_sequence, _alter_sequence, rank=20, slots=relation_slot),
    "default": Rule(_set_default, _drop_default, _alter_default, rank=40, separable=True),
    "constraint": Rule(
        _create_constraint,
        _drop_constraint,
        _alter_constraint,
        rank=50,
        separable=True,
        slots=_constraint_slot,
    ),
    "index": Rule(_create_index, _drop_index, _alter_index, rank=52, separable=True, slots=relation_slot),
    "partition": Rule(_attach, _detach, _alter_partition, rank=45, separable=True),
    "index_partition": Rule(_attach_index, _detach_index, _alter_partition, rank=55),
    "cluster": Rule(_set_cluster, _unset_cluster, rank=80),
    "replica_identity": Rule(_set_replica_identity, _unset_replica_identity, rank=80),
}
