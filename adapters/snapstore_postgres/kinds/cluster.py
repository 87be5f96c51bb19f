"""Rules for what belongs to the whole cluster: roles, memberships, parameters, tablespaces.

They are captured and restored only where the configuration says ``roles = true``: other databases of the same
server see every change.
"""

from __future__ import annotations

from snapstore.adapter import PlanRequest
from snapstore.errors import Exit, SnapError
from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.kinds import privileges
from snapstore_postgres.names import literal
from snapstore_postgres.options import constant
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.relations.storage import option_statements


def require_same_scope(request: PlanRequest) -> None:
    """SnapError where only one side was captured with roles: the other says nothing about them."""
    if not any(change.id.startswith("role:") for change in request.changes.facts):
        return
    sides = [bool(side.kinds.get("role")) for side in (request.live, request.target)]
    if sides[0] != sides[1]:
        raise SnapError(
            f"the snapshot was taken {'without' if sides[0] else 'with'} the cluster's roles",
            where=request.resource,
            fix=f"set roles = {'false' if sides[0] else 'true'} for this resource, and plan again",
            code=Exit.REFUSED,
        )


# -- roles -------------------------------------------------------------------------------------------------

_FLAGS = (
    ("superuser", "SUPERUSER", False),
    ("inherit", "INHERIT", True),
    ("create_role", "CREATEROLE", False),
    ("create_database", "CREATEDB", False),
    ("login", "LOGIN", False),
    ("replication", "REPLICATION", False),
    ("bypass_row_security", "BYPASSRLS", False),
)


def _words(fact: Fact, before: Fact | None = None) -> list[str]:
    """What differs from the role before, or from a role as CREATE ROLE makes it."""
    old, new = before.attrs if before else {}, fact.attrs
    found = []
    for key, word, usual in _FLAGS:
        if old.get(key, usual) != new.get(key, usual):
            found.append(word if new.get(key, usual) else f"NO{word}")
    if old.get("connection_limit", -1) != new.get("connection_limit", -1):
        found.append(f"CONNECTION LIMIT {new.get('connection_limit', -1)}")
    if old.get("valid_until") != new.get("valid_until"):
        found.append(f"VALID UNTIL {literal(new.get('valid_until', 'infinity'))}")
    return found


_POWERS = {"SUPERUSER", "CREATEROLE", "CREATEDB", "LOGIN", "REPLICATION", "BYPASSRLS"}


def _wider(fact: Fact, words: list[str]) -> list[Hazard]:
    gained = [word for word in words if word in _POWERS]
    return [Hazard(HazardName.SECURITY, f"role {fact.name} gets {', '.join(gained)}")] if gained else []


def _with(words: list[str]) -> str:
    return f" WITH {' '.join(words)}" if words else ""


def _create_role(fact: Fact, view: View) -> Draft:
    words = _words(fact)
    return Draft(
        statements=[f"CREATE ROLE {fact.name}{_with(words)}"],
        undo=[f"DROP ROLE {fact.name}"],
        hazards=_wider(fact, words),
    )


def _drop_role(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[f"DROP ROLE {fact.name}"],
        undo=[f"CREATE ROLE {fact.name}{_with(_words(fact))}"],
        hazards=[Hazard(HazardName.DOWNTIME, f"nobody can connect as {fact.name} any more")]
        if fact.attrs.get("login")
        else (),
    )


def _alter_role(before: Fact, after: Fact, view: View) -> Alteration:
    words = _words(after, before)
    if not words:
        return Alteration()
    return Alteration(
        statements=[f"ALTER ROLE {after.name}{_with(words)}"],
        undo=[f"ALTER ROLE {after.name}{_with(_words(before, after))}"],
        hazards=_wider(after, words),
    )


def _set_password(fact: Fact, view: View) -> Draft:
    """The verifier is stored as it is: the server keeps what already looks like one."""
    value, secrets = constant(fact.id, "verifier", fact.attrs["verifier"])
    return Draft(statements=[f"ALTER ROLE {fact.name} PASSWORD {value}"], secrets=secrets)


def _unset_password(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"ALTER ROLE {fact.name} PASSWORD NULL"])


def _alter_password(before: Fact, after: Fact, view: View) -> Alteration:
    if before.attrs == after.attrs:
        return Alteration()
    draft = _set_password(after, view)
    return Alteration(statements=draft.statements, secrets=draft.secrets)


# -- memberships -------------------------------------------------------------------------------------------


def _grant_membership(fact: Fact) -> str:
    """With all options spelled out where the server has them (16 and later)."""
    a = fact.attrs
    text = f"GRANT {a['role']} TO {a['member']}"
    if "inherit" in a:
        options = [("ADMIN", a.get("admin", False)), ("INHERIT", a["inherit"]), ("SET", a["set"])]
        text += f" WITH {', '.join(f'{word} {str(value).upper()}' for word, value in options)}"
    elif a.get("admin"):
        text += " WITH ADMIN OPTION"
    return text + (f" GRANTED BY {a['grantor']}" if "grantor" in a else "")


def _revoke_membership(fact: Fact) -> str:
    a = fact.attrs
    return f"REVOKE {a['role']} FROM {a['member']}" + (
        f" GRANTED BY {a['grantor']}" if "grantor" in a else ""
    )


def _join(fact: Fact, view: View) -> Draft:
    a = fact.attrs
    new = fact.id not in view.live
    return Draft(
        statements=[_grant_membership(fact)],
        undo=[_revoke_membership(fact)],
        hazards=[Hazard(HazardName.SECURITY, f"{a['member']} becomes a member of {a['role']}")]
        if new
        else (),
    )


def _leave(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_revoke_membership(fact)], undo=[_grant_membership(fact)])


def _alter_membership(before: Fact, after: Fact, view: View) -> Alteration | None:
    if before.attrs == after.attrs:
        return Alteration()
    if "inherit" not in after.attrs:
        return None
    return Alteration(
        statements=[_grant_membership(after)],
        undo=[_grant_membership(before)],
        displaces=lambda dependent: dependent.kind == "membership",
    )


# -- parameters and tablespaces ----------------------------------------------------------------------------


def _mention_parameter(fact: Fact, view: View) -> Draft:
    """A parameter is there by itself; it is in the catalogs for as long as somebody was given it."""
    return NOTHING


def _forget_parameter(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[
            statement
            for grant in privileges.taken_back(view.live_parts.get(fact.id, []))
            for statement in privileges.RULES["grant"].drop(grant, view).statements
        ]
    )


def _create_tablespace(fact: Fact, view: View) -> Draft:
    """Outside of any transaction: that is PostgreSQL's rule (the manual, CREATE TABLESPACE)."""
    location = literal(fact.attrs.get("location", ""))
    options = f" WITH ({', '.join(fact.attrs['options'])})" if fact.attrs.get("options") else ""
    return Draft(
        statements=[
            f"CREATE TABLESPACE {fact.name} LOCATION {location}{options}",
            *owner_statement("TABLESPACE", fact.name, fact),
        ],
        undo=[f"DROP TABLESPACE {fact.name}"],
        transactional=False,
    )


def _drop_tablespace(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP TABLESPACE {fact.name}"], transactional=False)


def _alter_tablespace(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if old.get("location") != new.get("location"):
        return None
    statements = option_statements(f"ALTER TABLESPACE {after.name}", old.get("options"), new.get("options"))
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("TABLESPACE", after.name, after)
    return Alteration(statements=statements)


RULES: dict[str, Rule] = {
    "role": Rule(_create_role, _drop_role, _alter_role, rank=-10),
    "role_password": Rule(_set_password, _unset_password, _alter_password, rank=-9),
    "membership": Rule(_join, _leave, _alter_membership, rank=-8),
    "parameter": Rule(
        _mention_parameter, _forget_parameter, lambda before, after, view: Alteration(), rank=-7
    ),
    "tablespace": Rule(_create_tablespace, _drop_tablespace, _alter_tablespace, rank=-7),
}
