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
from snapstore_postgres.catalog.rowdata import ROWS
from snapstore_postgres.names import parts, unquote
from snapstore_postgres.renaming import schema_of
from snapstore_postgres.rows.archived.archive import REGISTERED, REGISTRY
from snapstore_postgres.rows.forced_policies import hidden, lifted
from snapstore_postgres.rows.looks.looking import LOOKS
from snapstore_postgres.supply import needed, parameters


class Rights(NamedTuple):
    """What the role of a restore may do.

    A member of a role has its rights unless it does not inherit, and may become it unless, since 16, the
    grant says otherwise.
    """

    role: str
    member_of: Collection[str]
    """The roles whose rights it has."""
    may_become: Collection[str]
    may: Collection[str]
    """The kinds of objects that its platform lets it create."""
    creates: bool
    """Whether it may create schemas here."""
    closed: Collection[str]
    """The schemas in which it may create nothing."""
    hidden: Collection[str]
    """The tables whose rows are hidden from it though it may own them."""
    creates_roles: bool
    extensions: Mapping[str, str]
    """Who owns which extension."""


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
    seeing = rights._replace(hidden={*rights.hidden} - lifted(actions))
    return [
        _with(action, [*_missing_roles(action, request), *_forbidden(action, request, of)])
        for action, of in ((action, seeing if action.transactional else rights) for action in actions)
    ]


def _rights(request: PlanRequest) -> Rights | None:
    """None for a superuser, and where the capture did not say."""
    hints = request.live_hints
    if hints.get("superuser", True):
        return None
    role = unquote(hints.get("role", ""))
    has, becomes = ({*(hints.get(key) or ()), role} for key in ("member_of", "may_become"))
    powers = hints.get("powers") or {}
    return Rights(
        role=role,
        member_of=has,
        may_become=becomes,
        may=hints.get("may") or (),
        creates=powers.get("creates", True),
        closed=powers.get("closed") or (),
        hidden=hidden(request, request.live),
        creates_roles=powers.get("creates_roles", True),
        extensions=powers.get("extensions") or {},
    )


def _with(action: Action, texts: list[str]) -> Action:
    if not texts:
        return action
    found = [Hazard(HazardName.UNVERIFIABLE, f"{action.subject.rstrip(':')}: {text}") for text in texts]
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
    subject = before or after
    if subject is not None:
        yield from _not_its_own(subject, request, rights)
    yield from _not_created(action, after, rights)
    yield from _not_read(action, rights)
    yield from _denied(after, action, request, rights)


def _needs_superuser(fact: Fact, rights: Rights) -> bool:
    return fact.kind in SUPERUSER and fact.kind not in rights.may and SUPERUSER[fact.kind](fact)


def _not_its_own(fact: Fact, request: PlanRequest, rights: Rights) -> Iterator[str]:
    """What is somebody else's, of what the fact is or is part of."""
    if fact.kind in _OF_ROLES or _is_of_role(fact):
        is_own = fact.kind in _SETTINGS and unquote(fact.attrs["role"]) == rights.role
        if not is_own and not rights.creates_roles:
            yield f"it takes CREATEROLE, and {rights.role} has not that"
        return
    if "grantor" in fact.attrs:
        if (grantor := unquote(fact.attrs["grantor"])) not in rights.may_become:
            yield f"{grantor} has granted it, and {rights.role} cannot SET ROLE to that"
        return
    whole = _with_owner(fact, request)
    if whole is None:
        return
    owner = _OWNERS.get(whole.kind, _own)(whole, rights)
    if owner is not None and owner not in rights.member_of:
        yield f"{whole.id} belongs to {owner}, and {rights.role} has not its rights"


_SETTINGS = ("database_setting", "role_setting")
_OF_ROLES = ("role", "role_password", "role_setting", "membership")


def _is_of_role(fact: Fact) -> bool:
    return fact.kind == "database_setting" and "role" in fact.attrs


def _own(fact: Fact, rights: Rights) -> str | None:
    return fact.attrs.get("owner")


_OWNERS: Mapping[str, Callable[[Fact, Rights], str | None]] = {
    "default_privileges": lambda fact, rights: fact.attrs["role"],
    "extension": lambda fact, rights: rights.extensions.get(fact.name),
}
"""Whose something is that has no owner among its attributes."""


def _with_owner(fact: Fact, request: PlanRequest) -> Fact | None:
    """The live fact that is this one, or that it is nearest part of, and that belongs to somebody."""
    identity: str | None = fact.id
    while identity:
        here = request.live.get(identity)
        if here is None and identity.startswith("default_privileges:"):
            here = request.target.get(identity)  # they are a role's before there are any
        if here is not None and ("owner" in here.attrs or here.kind in _OWNERS):
            return here
        identity = here.parent if here else fact.parent if identity == fact.id else None
    return None


_IN_DATABASE = ("CREATE SCHEMA ", "CREATE EXTENSION ", "CREATE PUBLICATION ")
_INDEXED = ("p", "u", "x")
"""Types of constraints that come with an index, which is made in the schema of their table."""


def _not_created(action: Action, fact: Fact | None, rights: Rights) -> Iterator[str]:
    """Where something would be made, or named, by a role that may not CREATE there."""
    if not rights.creates and any(text.startswith(_IN_DATABASE) for text in action.statements):
        yield f"{rights.role} may not CREATE in this database"
    if REGISTRY in rights.closed and (action.subject == REGISTERED or "archive" in action.payload):
        yield f"the archive is somebody else's, and {rights.role} may not CREATE in its schema {REGISTRY}"
    kind, _, name = action.subject.partition(":")
    is_key = kind == "constraint" and fact is not None and fact.attrs["type"] in _INDEXED
    place = parts(name)[0] if is_key or kind == "index" else schema_of(kind, name)
    if place in rights.closed and any(map(_names, action.statements)):
        yield f"{rights.role} may not CREATE in the schema {place}"


def _names(statement: str) -> bool:
    """Whether it gives a name in a schema to something."""
    renames = statement.startswith("ALTER ") and (
        " RENAME TO " in statement or " ADD CONSTRAINT " in statement
    )
    return renames or statement.startswith("CREATE ")


_READS = ("DO ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "SELECT ", "CREATE TABLE ", "CREATE MATERIALIZED ")


def _not_read(action: Action, rights: Rights) -> Iterator[str]:
    """Tables of which it would not see all rows: ``row_security = off`` keeps it from reading them at all."""
    if LOOKS in action.payload:
        return  # which says for itself that it did not see all
    reading = [text for text in action.statements if text.startswith(_READS)] if rights.hidden else []
    for table in rights.hidden:
        if any(
            re.search(rf"\b(FROM|JOIN|UPDATE|INTO) (ONLY )?{re.escape(table)}(?![\w.])", t) for t in reading
        ):
            yield (
                f"FORCE ROW LEVEL SECURITY hides rows of {table}, and {rights.role} has not BYPASSRLS"
                " (ALTER TABLE … NO FORCE ROW LEVEL SECURITY until it is done)"
            )


def _written(action: Action) -> Iterator[str]:
    kind, _, table = action.subject.partition(":")
    if kind == ROWS:
        yield f"writes:{table}"


_USES = {"extension": "CREATE EXTENSION ", "references": " REFERENCES ", "create": " OWNER TO "}


def _denied(fact: Fact | None, action: Action, request: PlanRequest, rights: Rights) -> Iterator[str]:
    """What the server says that the role may not use, of what the fact wants and the action does."""
    denied = request.live_hints.get("denied", {})
    if fact is None:
        return (f"{rights.role} {denied[key]}" for key in _written(action) if key in denied)
    keys = [f"parameter:{name}" for name, _ in parameters(fact)]
    if fact.attrs.get("owner") != rights.role:
        keys += [k for k in needed(fact) if any(_USES[k.split(":")[0]] in s for s in action.statements)]
    return (f"{rights.role} {denied[key]}" for key in keys if key in denied)
