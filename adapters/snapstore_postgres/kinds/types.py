"""Rules for types, collations, schemas and extensions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from snapstore.facts import Groups
from snapstore.model import UNMODELLED, Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds.column_changes import (
    blocks_type_change,
    is_rebuilt_otherwise,
    retyped_attributes,
)
from snapstore_postgres.kinds.column_text import column_settings
from snapstore_postgres.kinds.merging import taken_off
from snapstore_postgres.kinds.one_rewrite import joined
from snapstore_postgres.names import aside, last, literal, qualifier
from snapstore_postgres.relations import (
    STRONGEST,
    data_loss,
    domain_not_null_name,
    is_elsewhere,
    owner_statement,
    rewrite_hazard,
    table_of,
)
from snapstore_postgres.relations.inheritance import governing, in_partition_key
from snapstore_postgres.rows import archive, archived_values, fitting
from snapstore_postgres.rows.casts import AS_WRITTEN, cast
from snapstore_postgres.rows.held_rows import holders
from snapstore_postgres.rows.unvalidated import never_validated


def _drop(keyword: str) -> Draft:
    return Draft(statements=[f"DROP {keyword}"])


# -- changing a type that columns have ---------------------------------------------------------------------


def _swap(
    before: Fact,
    after: Fact,
    create: Sequence[str],
    through: Callable[[str, str], str],
    fitted: Callable[[Fact], fitting.Fit],
    view: View,
) -> Alteration:
    """A new type under the old name, with every column that has the old one rewritten.

    ``through(value, brackets)`` is what a value, or an array of them, is made before it gets the new type;
    ``fitted`` says for a column how it is told whether its values fit.
    """
    columns = _columns_of_type(before, view)
    here = [column for column in columns if not is_elsewhere(column, view)]
    own = [column for column in columns if not governing(column, view)]
    fits = [fitted(column) for column in own if column in here]
    tables = sorted({column.parent or "" for column in columns})
    rewriting = [hazard for table in tables for hazard in rewrite_hazard(view, table)]
    rewritten = joined(_rewritten(column, through if column in here else None) for column in own)
    set_aside = any(fit.set_aside for fit in fits)
    updates = set_aside or any(archived_values.some_back(column, view) for column in columns)
    violated = [check for table in tables for check in never_validated(table, view)] if updates else []
    gone = [taken_off(view.live[check].name) for check in violated]
    kept = f"alter {before.kind} {before.name}, values that do not fit moved to the archive"
    return Alteration(
        statements=[
            *(text for fit in fits for text in fit.statements),
            *_under_its_name(before, [*create, *rewritten, *_after_rewriting(columns, view)]),
        ],
        summary=kept if set_aside else "",
        swaps=[before.id, *sorted({column.id for column in columns})],
        reaches=tables if violated else (),
        displaces=_displaced_by_swap(before, columns, violated, view),
        lock=STRONGEST,
        hazards=[*rewriting, *(hazard for fit in fits for hazard in fit.hazards)],
        needs=[*gone, *([archive.REGISTERED] if set_aside else [])],
        payload=fitting.with_payload(fits),
    )


def _under_its_name(before: Fact, statements: Sequence[str]) -> list[str]:
    """The statements while the old type has another name, and its end."""
    keyword = "DOMAIN" if before.kind == "domain" else "TYPE"
    old_name = aside(last(before.name))
    return [
        f"ALTER {keyword} {before.name} RENAME TO {old_name}",
        *statements,
        f"DROP {keyword} {qualifier(before.name)}.{old_name}",
    ]


def _after_rewriting(columns: Sequence[Fact], view: View) -> Iterator[str]:
    """What rewriting has reset, and the values that find a place again."""
    for column in columns:
        yield from column_settings(view.target[column.id], view, retyped_attributes(column.attrs))
        yield from archived_values.some_back(column, view)


def _displaced_by_swap(
    before: Fact, columns: Sequence[Fact], violated: Sequence[str], view: View
) -> Callable[[Fact], bool]:
    """What has to be away while a type is swapped and the columns that have it are rewritten."""
    altered = {column.id for column in columns}

    def displaces(dependent: Fact) -> bool:
        if dependent.id in violated:
            return True
        if {before.id, *altered}.isdisjoint((*dependent.needs, dependent.parent)):
            return False  # it is but of the same table
        if dependent.kind == "column":
            holds_rows = not altered.isdisjoint(dependent.needs)  # of a table that is altered
            return holds_rows or in_partition_key(dependent, view) or "generated" in dependent.attrs
        stands = before.id in (*dependent.needs, dependent.parent) or blocks_type_change(dependent)
        return stands or view.vanishes(dependent.id) or is_rebuilt_otherwise(dependent, view)

    return displaces


def _rewritten(column: Fact, through: Callable[[str, str], str] | None) -> str:
    kind, name = column.attrs["type"], last(column.name)
    using = f" USING {through(name, '[]' * kind.count('[]'))}::{kind}" if through else ""
    return f"ALTER TABLE {table_of(column)} ALTER COLUMN {name} TYPE {kind}{using}"


def _columns_of_type(fact: Fact, view: View) -> list[Fact]:
    """Columns that have the type before and after, and can be altered: one that gets another type sees to it
    itself, and what is computed or partitioned by is displaced."""
    found = []
    for column in view.live_dependents.get(fact.id, ()):
        if column.kind != "column" or "generated" in column.attrs or in_partition_key(column, view):
            continue
        if not view.vanishes(column.id):
            after = view.target.get(column.id)
            if after is not None and after.attrs["type"] == column.attrs["type"]:
                found.append(column)
    return found


# -- enums -------------------------------------------------------------------------------------------------


def _enum_text(fact: Fact) -> str:
    return f"CREATE TYPE {fact.name} AS ENUM ({', '.join(map(literal, fact.attrs['labels']))})"


def _create_enum(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[_enum_text(fact), *owner_statement("TYPE", fact.name, fact)],
        undo=[f"DROP TYPE {fact.name}"],
    )


def _alter_enum(before: Fact, after: Fact, view: View) -> Alteration:
    was, now = before.attrs["labels"], after.attrs["labels"]
    owner = owner_statement("TYPE", after.name, after)
    if was == now:
        return Alteration(statements=owner if before.attrs.get("owner") != after.attrs.get("owner") else ())
    added = set(now) - set(was)
    if [label for label in now if label in was] == was and not _uses_new_label(after, added, view):
        statements = list(_added_labels(after.name, was, now))
        return Alteration(statements=[*statements, *owner])
    create = [_enum_text(after), *owner]
    keeps = set(was) <= set(now)

    def fitted(column: Fact) -> fitting.Fit:
        return fitting.Fit() if keeps else fitting.within(column, now, view)

    return _swap(before, after, create, lambda value, many: f"{value}::{AS_WRITTEN}{many}", fitted, view)


def _added_labels(name: str, was: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    known = list(was)
    for place, label in enumerate(now):
        if label in known:
            continue
        where = (
            f" AFTER {literal(now[place - 1])}" if place else f" BEFORE {literal(known[0])}" if known else ""
        )
        yield f"ALTER TYPE {name} ADD VALUE {literal(label)}{where}"
        known.insert(place, label)


def _uses_new_label(enum: Fact, labels: set[str], view: View) -> bool:
    """A label added in a transaction cannot be used in it (the manual, ALTER TYPE), so then it is a swap."""
    texts = [literal(label) for label in labels]
    if any(_gets_values(column, view) for column in _columns_with(enum, view.target_dependents)):
        return True
    return any(
        enum.id in change.after.needs and any(t in str(change.after.attrs) for t in [*texts, *labels])
        for change in view.request.changes.facts
        if change.after is not None
    )


def _gets_values(column: Fact, view: View) -> bool:
    """Whether values of any label come into a column: of its old type, from the archive, or for NULL."""
    before = view.live.get(column.id)
    if before is not None and before.attrs["type"] != column.attrs["type"]:
        return True
    was_null = before is None or "not_null" not in before.attrs
    filled = was_null and "not_null" in column.attrs and (column.parent or "") in view.live
    return filled or archive.kept(view.request, column.id, "column") is not None


# -- composite types ---------------------------------------------------------------------------------------


def _attribute(attribute: dict[str, str]) -> str:
    collate = f" COLLATE {attribute['collation']}" if "collation" in attribute else ""
    return f"{attribute['name']} {attribute['type']}{collate}"


def _create_composite(fact: Fact, view: View) -> Draft:
    body = ", ".join(map(_attribute, fact.attrs["attributes"]))
    return Draft(
        statements=[f"CREATE TYPE {fact.name} AS ({body})", *owner_statement("TYPE", fact.name, fact)],
        undo=[f"DROP TYPE {fact.name}"],
    )


def _alter_composite(before: Fact, after: Fact, view: View) -> Alteration | None:
    was = {a["name"]: a for a in before.attrs["attributes"]}
    now = {a["name"]: a for a in after.attrs["attributes"]}
    kept = [name for name in was if name in now]
    if list(now)[: len(kept)] != kept:
        return None
    columns = list(_columns_with(before, view.live_dependents))
    loses = any(name not in now or now[name] != was[name] for name in was)
    returns = any(archive.kept(view.request, column.id, "column") for column in columns)
    if columns and (loses or (was != now and returns)):
        return None  # each value is set aside as a whole, and gets back by name what fits
    clauses = [f"DROP ATTRIBUTE {name} CASCADE" for name in was if name not in now]
    for name, attribute in now.items():
        if name not in was:
            clauses.append(f"ADD ATTRIBUTE {_attribute(attribute)} CASCADE")
        elif attribute != was[name]:
            collate = f" COLLATE {attribute['collation']}" if "collation" in attribute else ""
            clauses.append(f"ALTER ATTRIBUTE {name} TYPE {attribute['type']}{collate} CASCADE")
    statements = [f"ALTER TYPE {after.name} {', '.join(clauses)}"] if clauses else []
    if before.attrs.get("owner") != after.attrs.get("owner"):
        statements += owner_statement("TYPE", after.name, after)

    def displaces(dependent: Fact) -> bool:
        return bool(clauses) and dependent.kind in (
            "table",  # one of the type
            "view",
            "matview",
            "function",
            "procedure",
            "policy",
            "rule",
        )

    return Alteration(statements=statements, displaces=displaces, lock=STRONGEST)


def _columns_with(kind: Fact, dependents: Groups) -> Iterator[Fact]:
    """The columns that hold values of the type, be it inside another one."""
    for dependent in dependents.get(kind.id, ()):
        if dependent.kind == "column":
            yield dependent
        elif dependent.kind in ("composite", "domain", "range"):
            yield from _columns_with(dependent, dependents)


# -- domains -----------------------------------------------------------------------------------------------


def _domain_text(fact: Fact, *, named: bool = False) -> str:
    """``named`` also names a NOT NULL that has the usual name: else another one's would be gone round."""
    a = fact.attrs
    text = f"CREATE DOMAIN {fact.name} AS {a['type']}"
    text += f" COLLATE {a['collation']}" if "collation" in a else ""
    text += f" DEFAULT {reparsable(a['default'])}" if "default" in a else ""
    name = f" CONSTRAINT {name_of_domain_not_null(fact)}" if named or "not_null_name" in a else ""
    return text + (f"{name} NOT NULL" if a.get("not_null") else "")


def name_of_domain_not_null(domain: Fact) -> str:
    """The name of its NOT NULL constraint."""
    return str(domain.attrs.get("not_null_name") or domain_not_null_name(domain))


def _not_null_of_domain(before: Fact, after: Fact) -> list[str]:
    alter, was, now = f"ALTER DOMAIN {after.name}", before.attrs, after.attrs
    if not now.get("not_null"):
        return [f"{alter} DROP NOT NULL"] if was.get("not_null") else []
    if not was.get("not_null"):
        named = f"ADD CONSTRAINT {now.get('not_null_name')} NOT NULL"
        return [f"{alter} {named if 'not_null_name' in now else 'SET NOT NULL'}"]
    old, new = name_of_domain_not_null(before), name_of_domain_not_null(after)
    return [f"{alter} RENAME CONSTRAINT {old} TO {new}"] if old != new else []


def _create_domain(fact: Fact, view: View) -> Draft:
    # At once, since a domain that is in an array or a row cannot get one any more.
    parts = (part for part in view.target_parts.get(fact.id, ()) if part.id not in view.apart.coming)
    checks = [part for part in parts if _comes_at_once(part, fact, view)]
    body = "".join(f" CONSTRAINT {last(c.name)} {reparsable(c.attrs['definition'])}" for c in checks)
    return Draft(
        statements=[_domain_text(fact) + body, *owner_statement("DOMAIN", fact.name, fact)],
        undo=[f"DROP DOMAIN {fact.name}"],
        absorbs=checks,
    )


def is_inside_others(domain: Fact, view: View) -> bool:
    """Whether columns hold values of a domain inside arrays, rows or ranges, which no check can reach."""
    standing = view.live_dependents.get(domain.id, ())
    return any(
        (f.kind == "column" and (f.attrs["type"].endswith("[]") or any(holders(f.parent or "", view))))
        or (f.kind in ("composite", "range") and any(True for _ in _columns_with(f, view.live_dependents)))
        or (f.kind == "domain" and is_inside_others(f, view))
        for f in standing
    )


def _comes_at_once(part: Fact, domain: Fact, view: View) -> bool:
    """Whether a domain can be created with a constraint: what that stands on does not need the domain."""
    if part.kind != "constraint" or "NOT VALID" in part.attrs["definition"]:
        return False
    routines = ("function:", "operator:")
    return not any(n.startswith(routines) and domain.id in view.target[n].needs for n in part.needs)


def _alter_domain(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    stricter = bool(new.get("not_null")) and not old.get("not_null")
    if (stricter or old["type"] != new["type"]) and is_inside_others(before, view):
        return None
    owner = owner_statement("DOMAIN", after.name, after)
    if (old["type"], old.get("collation")) != (new["type"], new.get("collation")):

        def through(value: str, many: str) -> str:
            was = f"{old['type']}{many}"
            return cast(f"{value}::{was}", was, f"{new['type']}{many}")

        def fitted(column: Fact) -> fitting.Fit:
            return _into_domain(column, old["type"], new["type"], view)

        return _swap(before, after, [_domain_text(after, named=True), *owner], through, fitted, view)
    alter = f"ALTER DOMAIN {after.name}"
    statements = []
    if old.get("default") != new.get("default"):
        statements.append(
            f"{alter} SET DEFAULT {reparsable(new['default'])}"
            if "default" in new
            else f"{alter} DROP DEFAULT"
        )
    statements += _not_null_of_domain(before, after)
    if old.get("owner") != new.get("owner"):
        statements += owner
    loses = bool(old.get("not_null")) and not new.get("not_null")
    return Alteration(
        statements=statements, displaces=lambda part: loses and part.id.startswith("comment:not_null:")
    )


def _into_domain(column: Fact, old: str, new: str, view: View) -> fitting.Fit:
    """Whether the values of a column of a domain fit the type that is to be below it."""
    many = "[]" * column.attrs["type"].count("[]")
    plain = Fact(column.id, {**column.attrs, "type": f"{old}{many}"}, column.parent, column.needs)
    return fitting.into(plain, f"{new}{many}", view)


# -- ranges, collations ------------------------------------------------------------------------------------


def _alter_owner(keyword: str, before: Fact, after: Fact) -> Alteration | None:
    """For what PostgreSQL cannot alter beyond its owner."""
    if {**before.attrs, "owner": ""} != {**after.attrs, "owner": ""}:
        return None
    same = before.attrs.get("owner") == after.attrs.get("owner")
    return Alteration(statements=() if same else owner_statement(keyword, after.name, after))


_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def _create_collation(fact: Fact, view: View) -> Draft:
    a = fact.attrs
    items = [f"provider = {_PROVIDERS.get(a['provider'], 'libc')}"]
    if "locale" in a:
        items.append(f"locale = {literal(a['locale'])}")
    elif a.get("collate") == a.get("ctype"):
        items.append(f"locale = {literal(a['collate'])}")
    else:
        items += [f"lc_collate = {literal(a['collate'])}", f"lc_ctype = {literal(a['ctype'])}"]
    items += [] if a["deterministic"] else ["deterministic = false"]
    items += [f"rules = {literal(a['rules'])}"] if "rules" in a else []
    return Draft(
        statements=[
            f"CREATE COLLATION {fact.name} ({', '.join(items)})",
            *owner_statement("COLLATION", fact.name, fact),
        ],
        undo=[f"DROP COLLATION {fact.name}"],
    )


# -- schemas, extensions -----------------------------------------------------------------------------------


def _create_schema(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[f"CREATE SCHEMA {fact.name}", *owner_statement("SCHEMA", fact.name, fact)],
        undo=[f"DROP SCHEMA {fact.name}"],
    )


def _alter_schema(before: Fact, after: Fact, view: View) -> Alteration:
    same = before.attrs.get("owner") == after.attrs.get("owner")
    return Alteration(statements=() if same else owner_statement("SCHEMA", after.name, after))


def _create_extension(fact: Fact, view: View) -> Draft:
    """In the server's own version where the snapshot is of another server version."""
    a = fact.attrs
    version = f" VERSION {literal(a['version'])}" if "version" in a else ""
    return Draft(
        statements=[f"CREATE EXTENSION {fact.name} WITH SCHEMA {a['schema']}{version}"],
        undo=[f"DROP EXTENSION {fact.name}"],
    )


def _drop_extension(fact: Fact, view: View) -> Draft:
    """Its tables of configuration go with it: the archive has no place for a part of an extension."""
    hazards = [
        hazard
        for table in fact.attrs.get("configuration", ())
        for hazard in data_loss(view, f"table:{table}", f"table {table} of extension {fact.name}")
    ]
    return Draft(statements=[f"DROP EXTENSION {fact.name}"], hazards=hazards)


def _version(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _alter_extension(before: Fact, after: Fact, view: View) -> Alteration | None:
    """There is a way up and seldom one down; down it is created anew, unless columns stand on it."""
    columns = any(f.kind == "column" and view.stays(f.id) for f in view.live_dependents.get(before.id, ()))
    if _version(after.attrs["version"]) < _version(before.attrs["version"]) and not columns:
        return None
    alter = f"ALTER EXTENSION {after.name}"
    statements = []
    if before.attrs["version"] != after.attrs["version"]:
        statements.append(f"{alter} UPDATE TO {literal(after.attrs['version'])}")
    if before.attrs["schema"] != after.attrs["schema"]:
        statements.append(f"{alter} SET SCHEMA {after.attrs['schema']}")
    return Alteration(statements=statements)


def _slot(fact: Fact) -> list[str]:
    return [f"type:{fact.name}"]


RULES: dict[str, Rule] = {
    "schema": Rule(_create_schema, lambda f, v: _drop(f"SCHEMA {f.name}"), _alter_schema, rank=1),
    "extension": Rule(_create_extension, _drop_extension, _alter_extension, rank=2),
    "collation": Rule(
        _create_collation,
        lambda f, v: _drop(f"COLLATION {f.name}"),
        lambda b, a, v: _alter_owner("COLLATION", b, a),
        rank=3,
    ),
    "enum": Rule(_create_enum, lambda f, v: _drop(f"TYPE {f.name}"), _alter_enum, rank=10, slots=_slot),
    "composite": Rule(
        _create_composite, lambda f, v: _drop(f"TYPE {f.name}"), _alter_composite, rank=12, slots=_slot
    ),
    "domain": Rule(
        _create_domain, lambda f, v: _drop(f"DOMAIN {f.name}"), _alter_domain, rank=11, slots=_slot
    ),
    UNMODELLED: Rule(lambda f, v: NOTHING, lambda f, v: NOTHING, lambda b, a, v: Alteration()),
}
