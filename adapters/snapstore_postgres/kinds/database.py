"""Rules for the database as a whole: its properties and settings, large objects, security labels, and what
somebody has changed on objects that an extension or PostgreSQL itself supplies."""

from __future__ import annotations

import re
from dataclasses import replace

from snapstore.model import Fact, Hazard, HazardName, SealedRef
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.kinds import comments, privileges
from snapstore_postgres.kinds.comments import object_of
from snapstore_postgres.names import block, last, literal, qualifier, quote
from snapstore_postgres.options import constant
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.words import database_name, designation, plain

# -- properties --------------------------------------------------------------------------------------------


def _alter_database(before: Fact, after: Fact, view: View) -> Alteration:
    old, new = before.attrs, after.attrs
    alter = f"ALTER DATABASE {database_name(view)}"
    statements = []
    for key, word, usual in (
        ("connection_limit", "CONNECTION LIMIT", -1),
        ("allow_connections", "ALLOW_CONNECTIONS", True),
        ("template", "IS_TEMPLATE", False),
    ):
        if old.get(key, usual) != new.get(key, usual):
            statements.append(f"{alter} {word} {str(new.get(key, usual)).lower()}")
    if old.get("owner") != new.get("owner"):
        statements.append(f"{alter} OWNER TO {quote(new['owner'])}")
    return Alteration(statements=statements)


def _nothing(fact: Fact, view: View) -> Draft:
    return NOTHING


# -- settings ----------------------------------------------------------------------------------------------

_LISTS = frozenset({
    "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
    "temp_tablespaces", "unix_socket_directories",
})  # fmt: skip
"""Settings whose value is kept as a list of quoted names (GUC_LIST_QUOTE): each has to be written alone."""
_ITEM = re.compile(r'"((?:[^"]|"")*)"|([^",\s]+)')


def _holder(fact: Fact, view: View) -> str:
    """Of what a setting is: ``ALTER DATABASE shop``, ``ALTER ROLE app IN DATABASE shop``."""
    if fact.kind == "role_setting":
        return f"ALTER ROLE {fact.attrs['role']}"
    database = f"DATABASE {database_name(view)}"
    role = fact.attrs.get("role")
    return f"ALTER ROLE {role} IN {database}" if role else f"ALTER {database}"


def _set(fact: Fact, view: View) -> tuple[str, dict[str, SealedRef]]:
    name = ".".join(map(quote, fact.attrs["name"].split(".")))
    value, secrets = constant(fact.id, "value", fact.attrs["value"])
    if fact.attrs["name"].lower() in _LISTS:
        found = [plain or quoted.replace('""', '"') for quoted, plain in _ITEM.findall(fact.attrs["value"])]
        value = ", ".join(map(literal, found)) or "''"
    return f"{_holder(fact, view)} SET {name} TO {value}", secrets


def _reset(fact: Fact, view: View) -> str:
    return f"{_holder(fact, view)} RESET {'.'.join(map(quote, fact.attrs['name'].split('.')))}"


def _create_setting(fact: Fact, view: View) -> Draft:
    statement, secrets = _set(fact, view)
    return Draft(statements=[statement], undo=[_reset(fact, view)], secrets=secrets)


def _drop_setting(fact: Fact, view: View) -> Draft:
    statement, _ = _set(fact, view)
    return Draft(statements=[_reset(fact, view)], undo=[statement])


def _alter_setting(before: Fact, after: Fact, view: View) -> Alteration:
    if before.attrs == after.attrs:
        return Alteration()
    statement, secrets = _set(after, view)
    return Alteration(statements=[statement], undo=[_set(before, view)[0]], secrets=secrets)


# -- objects of extensions ---------------------------------------------------------------------------------


_MOVING = (-1900, -1899)
"""Behind renaming, and before all that may use it; types first, which others name, last on the way back."""


def _give_supplied(fact: Fact, owner: str) -> list[str]:
    return [f"ALTER {designation(fact)} OWNER TO {quote(owner)}"]


_FINDERS = {"function": "to_regprocedure", "procedure": "to_regprocedure", "aggregate": "to_regprocedure"}


def _move_supplied(fact: Fact, away: bool) -> list[str]:
    """To the schema that it is in, or back to that of its extension; not what somebody has added to that."""
    if "home" not in fact.attrs:
        return []
    kind, _, name = fact.name.partition(":")
    whole = plain(name)
    home = f"{fact.attrs['home']}.{last(whole)}{name[len(whole) :]}"
    there, schema = (home, qualifier(whole)) if away else (name, fact.attrs["home"])
    finder = _FINDERS.get(kind, "to_regtype" if kind == "type" else "to_regclass")
    move = f"ALTER {kind.replace('-', ' ').upper()} {there} SET SCHEMA {schema};"
    return [block(f"BEGIN IF pg_catalog.{finder}({literal(there)}) IS NOT NULL THEN {move} END IF; END")]


def _create_supplied(fact: Fact, view: View) -> Draft:
    """The object is there already, or comes with its extension; only its schema and owner are set here. What
    uses it says where it is, and no more than that it stands on the extension."""
    owner = _give_supplied(fact, fact.attrs["owner"]) if "owner" in fact.attrs else []
    back = _give_supplied(fact, fact.attrs["extension_owner"]) if "owner" in fact.attrs else []
    moved = _move_supplied(fact, away=True)
    return Draft(
        statements=[*moved, *owner],
        undo=[*back, *_move_supplied(fact, away=False)],
        needs=[f"schema:{qualifier(plain(fact.name.partition(':')[2]))}"] if moved else (),
        rank=_MOVING[not fact.name.startswith("type:")] if moved else None,
    )


def _drop_supplied(fact: Fact, view: View) -> Draft:
    """The object stays: what was changed on it is taken back."""
    owner = _give_supplied(fact, fact.attrs["extension_owner"]) if "owner" in fact.attrs else []
    parts = _without_parts(fact, view)
    moved = _move_supplied(fact, away=False)
    rank = _MOVING[fact.name.startswith("type:")] if moved else None
    return replace(parts, statements=[*owner, *parts.statements, *moved], rank=rank)


def _without_parts(fact: Fact, view: View) -> Draft:
    """What is said of an object is taken back, and the object itself stays."""
    parts = privileges.taken_back(view.live_parts.get(fact.id, []))
    drafts = [{**comments.RULES, **privileges.RULES, **RULES}[part.kind].drop(part, view) for part in parts]
    return Draft(
        statements=[s for draft in drafts for s in draft.statements],
        hazards=[h for draft in drafts for h in draft.hazards],
    )


def _drop_identity_sequence(fact: Fact, view: View) -> Draft:
    """Nobody says anything of it any more; it goes only with its column, or when that counts no more."""
    column = view.target.get(fact.parent or "")
    counts = column is not None and "identity" in column.attrs and view.stays(column.id)
    return _without_parts(fact, view) if counts else NOTHING


def _alter_supplied(before: Fact, after: Fact, view: View) -> Alteration | None:
    if before.attrs.get("home") != after.attrs.get("home"):
        return None
    if before.attrs.get("owner") == after.attrs.get("owner"):
        return Alteration()
    owner = after.attrs.get("owner") or before.attrs["extension_owner"]
    return Alteration(
        statements=_give_supplied(after, owner),
        displaces=lambda dependent: dependent.kind == "grant",
    )


# -- large objects -----------------------------------------------------------------------------------------


def _create_large_object(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[
            f"SELECT pg_catalog.lo_create({fact.name})",
            *owner_statement("LARGE OBJECT", fact.name, fact),
        ],
        undo=[f"SELECT pg_catalog.lo_unlink({fact.name})"],
        hazards=[Hazard(HazardName.UNVERIFIABLE, f"large object {fact.name} comes back empty")],
    )


def _drop_large_object(fact: Fact, view: View) -> Draft:
    """Its content is not in a snapshot, and the archive keeps rows of tables only."""
    return Draft(
        statements=[f"SELECT pg_catalog.lo_unlink({fact.name})"],
        undo=["cannot be put back: its content is in no snapshot"],
        hazards=[Hazard(HazardName.DATA_LOSS, f"large object {fact.name}", rows=1)],
    )


def _alter_large_object(before: Fact, after: Fact, view: View) -> Alteration:
    same = before.attrs == after.attrs
    return Alteration(statements=() if same else owner_statement("LARGE OBJECT", after.name, after))


# -- security labels ---------------------------------------------------------------------------------------


def _label(fact: Fact, view: View, text: str | None) -> str:
    on = object_of(fact.attrs["of"], fact, view)
    value = literal(text) if text is not None else "NULL"
    return f"SECURITY LABEL FOR {fact.attrs['provider']} ON {on} IS {value}"


def _create_label(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_label(fact, view, fact.attrs["label"])], undo=[_label(fact, view, None)])


def _drop_label(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_label(fact, view, None)], undo=[_label(fact, view, fact.attrs["label"])])


def _alter_label(before: Fact, after: Fact, view: View) -> Alteration:
    if before.attrs == after.attrs:
        return Alteration()
    return Alteration(
        statements=_create_label(after, view).statements, undo=_create_label(before, view).statements
    )


# -- what goes with an extension ---------------------------------------------------------------------------


def _dependence(fact: Fact, view: View, no: str = "") -> str:
    return (
        f"ALTER {object_of(fact.attrs['of'], fact, view)} {no}DEPENDS ON EXTENSION {fact.attrs['extension']}"
    )


def _depend(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_dependence(fact, view)], undo=[_dependence(fact, view, "NO ")])


def _depend_no_more(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_dependence(fact, view, "NO ")], undo=[_dependence(fact, view)])


RULES: dict[str, Rule] = {
    "database": Rule(_nothing, _nothing, _alter_database, rank=96),
    "database_setting": Rule(_create_setting, _drop_setting, _alter_setting, rank=97),
    "role_setting": Rule(_create_setting, _drop_setting, _alter_setting, rank=97),
    "identity_sequence": Rule(
        _nothing, _drop_identity_sequence, lambda before, after, view: Alteration(), rank=60
    ),
    "supplied": Rule(_create_supplied, _drop_supplied, _alter_supplied, rank=60),
    "large_object": Rule(_create_large_object, _drop_large_object, _alter_large_object, rank=60),
    "label": Rule(_create_label, _drop_label, _alter_label, rank=86),
    "depends_on_extension": Rule(_depend, _depend_no_more, rank=87, separable=by_itself),
}
