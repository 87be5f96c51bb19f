"""Rules for what somebody has changed on objects that an extension or PostgreSQL itself supplies."""

from __future__ import annotations

from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.kinds import comments, extension_dependence, labels, privileges
from snapstore_postgres.names import block, last, literal, qualifier, quote
from snapstore_postgres.words import designation, plain

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


_SAID = {**comments.RULES, **privileges.RULES, **labels.RULES, **extension_dependence.RULES}
"""The rules for what is said of objects of other kinds."""


def _without_parts(fact: Fact, view: View) -> Draft:
    """What is said of an object is taken back, and the object itself stays."""
    parts = privileges.taken_back(view.live_parts.get(fact.id, []))
    drafts = [_SAID[part.kind].drop(part, view) for part in parts]
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


RULES: dict[str, Rule] = {
    "identity_sequence": Rule(
        lambda fact, view: NOTHING, _drop_identity_sequence, lambda before, after, view: Alteration(), rank=60
    ),
    "supplied": Rule(_create_supplied, _drop_supplied, _alter_supplied, rank=60),
}
