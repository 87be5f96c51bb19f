"""Rules for comments, and what anything is called that something is said of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.types.domains import name_of_domain_not_null
from snapstore_postgres.names import block, last, literal, parts
from snapstore_postgres.relations.notnull_names import not_null_comment
from snapstore_postgres.words import database_name, designation


def object_of(identity: str, fact: Fact, view: View) -> str:
    """What a comment or a label, which is part of a fact, is on: that one, or a part that is none of its own,
    as a column of a view and the index of a constraint."""
    whole = view.either(identity)
    if whole is not None:
        return f"DATABASE {database_name(view)}" if whole.kind == "database" else designation(whole)
    kind, _, name = identity.partition(":")
    if is_supplied(fact):
        name = name.partition(":")[2]
    if kind == "index":
        return f"INDEX {parts(name)[0]}.{last(name)}"
    return f"{kind.upper()} {name}"


def _comment(fact: Fact, view: View) -> Draft:
    said = _commented(fact, view, view.target)
    if not is_supplied(fact) or view.target[fact.parent or ""].parent not in view.fates:
        return said
    return replace(said, statements=[_after_script(text) for text in said.statements])


def _after_script(statement: str) -> str:
    """The statement in a transaction within that which makes or alters the extension: what that itself says,
    the script of the extension is taken to have said."""
    return block(f"BEGIN {statement}; EXCEPTION WHEN case_not_found THEN RAISE; END")


def _uncomment(fact: Fact, view: View) -> Draft:
    said = _commented(fact, view, view.live)
    return Draft(statements=said.undo, undo=said.statements)


def _commented(fact: Fact, view: View, side: Mapping[str, Fact]) -> Draft:
    """As it is said in the state of that side: a NOT NULL may have another name in each."""
    said = literal(fact.attrs["text"])
    return Draft(statements=[_said(fact, view, side, said)], undo=[_said(fact, view, side, "NULL")])


def _said(fact: Fact, view: View, side: Mapping[str, Fact], text: str) -> str:
    kind, _, name = fact.name.partition(":")
    if kind != "not_null":
        return f"COMMENT ON {object_of(fact.name, fact, view)} IS {text}"
    domain = side.get(f"domain:{name}")
    if domain is None:
        return not_null_comment(side[f"column:{name}"], text)
    return f"COMMENT ON CONSTRAINT {name_of_domain_not_null(domain)} ON DOMAIN {name} IS {text}"


def _recomment(before: Fact, after: Fact, view: View) -> Alteration:
    if before.attrs == after.attrs:
        return Alteration()
    return Alteration(statements=_comment(after, view).statements, undo=_uncomment(before, view).undo)


def is_supplied(fact: Fact) -> bool:
    return bool(fact.parent) and str(fact.parent).startswith("supplied:")


RULES: dict[str, Rule] = {
    "comment": Rule(_comment, _uncomment, _recomment, rank=85),
}
