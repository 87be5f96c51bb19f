"""What the role of a restore may not do, said in the plan instead of discovered half-way.

PostgreSQL's own rules (the manual, page of each CREATE and ALTER). The server has the last word: a hazard
named here can be allowed, and a managed platform may grant more than these rules do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Hazard, HazardName, Verb
from snapstore_postgres.names import unquote
from snapstore_postgres.supply import parameters


class Rights(NamedTuple):
    """Whose rights they are: the role, those whose rights it has, those that it may become, all that exist
    (None: unknown), and the kinds of objects that its platform lets it create. A member of a role has its
    rights unless it does not inherit, and may become it unless, since 16, the grant says otherwise."""

    role: str
    member_of: Collection[str]
    may_become: Collection[str]
    existing: Collection[str] | None
    may: Collection[str]


_C_LANGUAGE = re.compile(r"^ LANGUAGE (c|internal)\b", re.MULTILINE)


def _always(fact: Fact) -> bool:
    return True


SUPERUSER: Mapping[str, Callable[[Fact], bool]] = {
    "access_method": _always,
    "base_type": _always,
    "shell_type": _always,
    "operator_class": _always,
    "operator_family": _always,
    "event_trigger": _always,
    "fdw": _always,
    "language": _always,
    "tablespace": _always,
    "ts_parser": _always,
    "ts_template": _always,
    "subscription": _always,
    "aggregate": lambda fact: fact.attrs.get("stype") == "internal",
    "cast": lambda fact: fact.attrs.get("method") == "b",
    "function": lambda fact: bool(_C_LANGUAGE.search(fact.attrs.get("definition", ""))),
    "publication": lambda fact: bool(fact.attrs.get("all_tables")),
    "publication_member": lambda fact: "schema" in fact.attrs,
    "role": lambda fact: bool(fact.attrs.keys() & {"superuser", "replication", "bypass_row_security"}),
    "parameter": _always,
}
"""Which facts of which kinds only a superuser may create."""


def with_missing(request: PlanRequest, actions: list[Action]) -> list[Action]:
    """The actions, each with a hazard for what the role of the restore may not do."""
    rights = _rights(request)
    if rights is None:
        return [_with(action, _missing_roles(action, request)) for action in actions]
    return [
        _with(action, [*_missing_roles(action, request), *_forbidden(action, request, rights)])
        for action in actions
    ]


def _rights(request: PlanRequest) -> Rights | None:
    """None for a superuser, and where the capture did not say."""
    hints = request.live_hints
    if hints.get("superuser", True):
        return None
    role = unquote(hints.get("role", ""))
    has, becomes = ({*(hints.get(key) or ()), role} for key in ("member_of", "may_become"))
    return Rights(role, has, becomes, hints.get("roles"), hints.get("may") or ())


def _with(action: Action, texts: list[str]) -> Action:
    if not texts:
        return action
    found = [Hazard(HazardName.UNVERIFIABLE, f"{action.subject}: {text}") for text in texts]
    return msgspec.structs.replace(action, hazards=(*action.hazards, *found))


def _missing_roles(action: Action, request: PlanRequest) -> list[str]:
    """Roles that the target names and the server does not have."""
    existing, fact = request.live_hints.get("roles"), request.target.get(action.subject)
    if existing is None or fact is None:
        return []
    named = {
        *_owner(fact),
        *(unquote(fact.attrs[key]) for key in ("grantee", "grantor", "role") if key in fact.attrs),
    }
    known = {*existing, "PUBLIC", "ALL"}
    return [f"there is no role {name}" for name in sorted(named - known) if not _is_made(name, request)]


def _is_made(name: str, request: PlanRequest) -> bool:
    return any(unquote(fact.name) == name for fact in request.target.kinds.get("role", ()))


def _owner(fact: Fact) -> list[str]:
    return [fact.attrs["owner"]] if "owner" in fact.attrs else []


def _forbidden(action: Action, request: PlanRequest, rights: Rights) -> Iterator[str]:
    before, after = request.live.get(action.subject), request.target.get(action.subject)
    if after is not None and action.verb is not Verb.ALTER and _needs_superuser(after, rights):
        yield f"only a superuser may create it, and {rights.role} is none"
    for owner in _owner(after) if after is not None else []:
        if owner not in rights.may_become and (before is None or before.attrs.get("owner") != owner):
            yield f"{owner} shall own it, and {rights.role} cannot SET ROLE to that"
    holder = _with_owner(before, request.live)
    if holder is not None and holder.attrs["owner"] not in rights.member_of:
        yield f"{holder.id} belongs to {holder.attrs['owner']}, and {rights.role} has not its rights"
    for name, _ in parameters(after) if after is not None else ():
        if said := request.live_hints.get("denied", {}).get(f"parameter:{name}"):
            yield f"{rights.role} {said}"


def _needs_superuser(fact: Fact, rights: Rights) -> bool:
    return fact.kind in SUPERUSER and fact.kind not in rights.may and SUPERUSER[fact.kind](fact)


def _with_owner(fact: Fact | None, facts: Mapping[str, Fact]) -> Fact | None:
    """The fact, or the nearest that it is part of, which has an owner."""
    while fact is not None and "owner" not in fact.attrs:
        fact = facts.get(fact.parent or "")
    return fact
