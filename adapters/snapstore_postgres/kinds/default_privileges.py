"""Rules for default privileges, and what is made while others hold: with what it is to have and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from snapstore.model import Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.kinds.privileges import default_statements, privilege_statements
from snapstore_postgres.names import parts, quote, unquote
from snapstore_postgres.words import grantee_object

_DEFAULT_LETTER = {
    "table": "r", "view": "r", "matview": "r", "sequence": "S", "function": "f", "procedure": "f",
    "aggregate": "f", "enum": "T", "composite": "T", "domain": "T", "range": "T", "base_type": "T",
    "schema": "n", "large_object": "L",
}  # fmt: skip


def _drop_default_privileges(fact: Fact, view: View) -> Draft:
    statements = [
        statement
        for grant in sorted(view.live_parts.get(fact.id, ()), key=lambda g: g.id)
        for statement in default_statements(fact, grant, grant.attrs.get("default", []))
    ]
    return Draft(statements=statements)


def without_default_privileges(rule: Rule) -> Rule:
    """The rule, with what the live default privileges give to every new object taken away again.

    A restore creates objects as its own role; whatever that role's default privileges add was not in the
    snapshot. The grants of the snapshot come after as facts of their own.
    """

    def create(fact: Fact, view: View) -> Draft:
        draft = rule.create(fact, view)
        extra = list(_granted_by_default(fact, view))
        if not draft.statements or not extra:
            return draft
        return replace(draft, statements=[*draft.statements, *extra])

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        alteration = rule.alter(before, after, view)
        if not alteration or not any(text.startswith(_NEW_TYPES) for text in alteration.statements):
            return alteration
        extra = _granted_by_default(after, view)
        return replace(alteration, statements=[*alteration.statements, *extra])

    return replace(rule, create=create, alter=alter)


_NEW_TYPES = ("CREATE TYPE ", "CREATE DOMAIN ")
"""How a new type begins that takes the place of one of the same name."""


def without_defaults_for_members(rule: Rule) -> Rule:
    """The rule for extensions. What members get by default privileges cannot be told from what the script of
    the extension grants, so there are none while that runs."""

    def create(fact: Fact, view: View) -> Draft:
        draft = rule.create(fact, view)
        return replace(draft, statements=_without_defaults(draft.statements, view))

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        found = rule.alter(before, after, view)
        return found and replace(found, statements=_without_defaults(found.statements, view))

    return replace(rule, create=create, alter=alter)


def _without_defaults(statements: Sequence[str], view: View) -> Sequence[str]:
    role = unquote(str(view.request.live_hints.get("role")))
    held = [
        (holder, grant)
        for holder in view.live_kinds.get("default_privileges", ())
        if holder.attrs["role"] == role and not view.vanishes(holder.id)
        for grant in view.live_parts.get(holder.id, ())
        if not view.vanishes(grant.id)
    ]
    if not statements or not held:
        return statements
    off = (default_statements(holder, grant, grant.attrs.get("default", [])) for holder, grant in held)
    on = (default_statements(holder, grant, grant.attrs["privileges"]) for holder, grant in held)
    return [*chain.from_iterable(off), *statements, *chain.from_iterable(on)]


def _granted_by_default(fact: Fact, view: View) -> Iterable[str]:
    letter = _DEFAULT_LETTER[fact.kind]
    schema = None if fact.kind in ("schema", "large_object") else parts(fact.name)[0]
    owner = str(fact.attrs.get("owner", ""))
    for grantee, base in sorted(_handed_over(_defaults(letter, schema, view), owner, view).items()):
        yield from privilege_statements(base, grantee_object(fact), "", grantee)
    for column in view.target_parts.get(fact.id, ()) if fact.kind == "table" else ():
        yield from _granted_on_identity(column, view, owner)


def _handed_over(defaults: dict[str, list[str]], owner: str, view: View) -> dict[str, list[str]]:
    """The same when the object has got its owner: the one who made it has handed over all it had."""
    role = str(view.request.live_hints.get("role"))
    if unquote(role) == owner or not owner:
        return defaults
    names = {unquote(grantee): grantee for grantee in defaults}
    others = {g: base for g, base in defaults.items() if unquote(g) not in (owner, unquote(role))}
    given = defaults.get(names.get(unquote(role), ""))
    if given is None and owner in names:
        given = ["ALL"]  # the creator's, beside what defaults give to the new owner
    return others if given is None else {**others, names.get(owner, quote(owner)): given}


def _granted_on_identity(
    column: Fact, view: View, owner: str = "", creator: str | None = None
) -> Iterable[str]:
    """The same for the sequence of an identity column, which is made with the column.

    A partition's column has its parent's identity (a word instead of options) and no sequence of its own.
    """
    identity = column.attrs.get("identity")
    sequence = identity.get("sequence") if isinstance(identity, dict) else None
    defaults = _defaults("S", parts(sequence)[0], view, creator) if sequence else {}
    for grantee, base in sorted(_handed_over(defaults, owner, view).items()):
        yield from privilege_statements(base, f"SEQUENCE {sequence}", "", grantee)


def with_plain_identity(rule: Rule) -> Rule:
    """The rule for columns, with what default privileges give to a new identity sequence taken away."""

    def create(fact: Fact, view: View) -> Draft:
        draft = rule.create(fact, view)
        extra = list(_granted_on_identity(fact, view, creator=_owner(fact, view))) if draft.statements else []
        return replace(draft, statements=[*draft.statements, *extra]) if extra else draft

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        alteration = rule.alter(before, after, view)
        if not alteration or not alteration.statements or "identity" in before.attrs:
            return alteration
        extra = list(_granted_on_identity(after, view, creator=_owner(after, view)))
        return replace(alteration, statements=[*alteration.statements, *extra])

    return replace(rule, create=create, alter=alter)


def _owner(column: Fact, view: View) -> str | None:
    """The owner of the table that a column comes to, who is the one to make its sequence."""
    table = view.live.get(column.parent or "")
    return table.attrs.get("owner") if table and view.stays(table.id) else None


def _defaults(
    letter: str, schema: str | None, view: View, creator: str | None = None
) -> dict[str, list[str]]:
    """What grantees have by themselves on a new object, for those to whom default privileges give more."""
    role = creator or str(view.request.live_hints.get("role"))
    grants: dict[str, list[str]] = {}
    for holder in view.live_kinds.get("default_privileges", ()):
        attrs = holder.attrs
        if view.vanishes(holder.id) or attrs["objects"] != letter or attrs.get("schema", schema) != schema:
            continue
        if attrs["role"] == unquote(role):
            for grant in view.live_parts.get(holder.id, ()):
                grants[grant.attrs["grantee"]] = grant.attrs.get("default", [])
                if "schema" in attrs:  # added to what there is by itself, of which it does not tell
                    grants[grant.attrs["grantee"]] = _by_itself(grant.attrs["grantee"], letter, role)
    return grants


def _by_itself(grantee: str, letter: str, creator: str) -> list[str]:
    """What a grantee has on a new object without any default privileges."""
    if grantee == "PUBLIC":
        return {"f": ["EXECUTE"], "T": ["USAGE"]}.get(letter, [])
    return ["ALL"] if unquote(grantee) == unquote(creator) else []


def _nothing(fact: Fact, view: View) -> Draft:
    return NOTHING


RULES: dict[str, Rule] = {
    "default_privileges": Rule(
        _nothing, _drop_default_privileges, lambda before, after, view: Alteration(), rank=95
    ),
}
