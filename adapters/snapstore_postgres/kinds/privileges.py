"""Rules for grants: who may do what with any object."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.comments import is_supplied
from snapstore_postgres.names import block, last, literal, parts, qualifier, quote, unquote
from snapstore_postgres.renaming import RELATIONS, ROUTINES, TYPES
from snapstore_postgres.words import database_name, grantee_object


def _subject(fact: Fact) -> str:
    """What is granted on: the identity between ``grant:`` and the grantee."""
    tail = ":" + fact.attrs["grantee"] + (f":{fact.attrs['grantor']}" if "grantor" in fact.attrs else "")
    return fact.name.removesuffix(tail)


def _grant_target(fact: Fact, view: View) -> tuple[str, str]:
    """(object, column): ``TABLE public.users`` and ``(email)``, the latter empty for a whole object."""
    subject = _subject(fact)
    kind, _, name = subject.partition(":")
    if kind == "column":
        relation = qualifier(name).rpartition(":")[2] if is_supplied(fact) else qualifier(name)
        return f"TABLE {relation}", f" ({last(name)})"
    if kind == "database":
        return f"DATABASE {database_name(view)}", ""
    return grantee_object(view.target.get(subject) or view.live[subject]), ""


def privilege_statements(
    privileges: Sequence[str], on: str, column: str, grantee: str, prefix: str = ""
) -> list[str]:
    """Bring what a grantee has to exactly these privileges; ``*`` marks the grant option."""
    found = [f"{prefix}REVOKE ALL{column} ON {on} FROM {grantee}"]
    for option in (False, True):
        names = [f"{p.rstrip('*')}{column}" for p in privileges if p.endswith("*") == option]
        if names:
            found.append(
                f"{prefix}GRANT {', '.join(names)} ON {on} TO {grantee}"
                + (" WITH GRANT OPTION" if option else "")
            )
    return found


def _statements(fact: Fact, privileges: Sequence[str], view: View) -> list[str]:
    if fact.parent and fact.parent.startswith("default_privileges:"):
        return default_statements(view.target.get(fact.parent) or view.live[fact.parent], fact, privileges)
    on, column = _grant_target(fact, view)
    grantor, grantee = "grantor" in fact.attrs, fact.attrs["grantee"]
    revoke_all, *found = privilege_statements(privileges, on, column, grantee)
    # Who may pass on something, but not all, may not revoke all either; and all of a table is also what is
    # granted on its columns, which others may have from the grantee.
    passed_on = ", ".join(f"{name.rstrip('*')}{column}" for name in fact.attrs["privileges"])
    revoke = [f"REVOKE {passed_on} ON {on} FROM {grantee}"] if passed_on and not privileges else []
    has_some = not privileges or "default" in fact.attrs
    found = [*(revoke if grantor or revoke else [revoke_all] if has_some else []), *found]
    if not column:
        found += _column_grants_again(fact, view)
    return _by_grantor(fact, found, view)


def _by_grantor(fact: Fact, found: Sequence[str], view: View) -> list[str]:
    """The statements, of the one who grants where that is not the owner. A schema that this one may not use
    any more is lent meanwhile."""
    if "grantor" not in fact.attrs:
        return [*found]
    grantor = fact.attrs["grantor"]
    by_grantor = [f"SET ROLE {grantor}", *found, "RESET ROLE"]
    schema = _schema_of(fact)
    if schema is None or _may_use(schema, grantor, view):
        return by_grantor
    asked = (
        f"pg_catalog.has_schema_privilege({literal(unquote(grantor))}, {literal(unquote(schema))}, 'USAGE')"
    )
    lent = f"GRANT USAGE ON SCHEMA {schema} TO {grantor}", f"REVOKE USAGE ON SCHEMA {schema} FROM {grantor}"
    run, run_lent = "; ".join(by_grantor), "; ".join([lent[0], *by_grantor, lent[1]])
    return [block(f"BEGIN IF {asked} THEN {run}; ELSE {run_lent}; END IF; END")]


def _schema_of(fact: Fact) -> str | None:
    """The schema that has what is granted on, where it is in one."""
    kind, _, name = _subject(fact).partition(":")
    found = parts(name)[0] if kind in (*RELATIONS, *TYPES, *ROUTINES, "sequence", "column") else None
    return None if is_supplied(fact) else found


def _may_use(schema: str, role: str, view: View) -> bool:
    """Whether a role may use a schema before and after, as far as the facts tell."""
    sides = ((view.live, view.live_parts), (view.target, view.target_parts))
    return all(
        side[identity].attrs.get("owner") == unquote(role)
        or any(_is_usable(g, role) for g in groups.get(identity, ()))
        for side, groups in sides
        if (identity := f"schema:{schema}") in side
    )


def _is_usable(grant: Fact, role: str) -> bool:
    usable = {"USAGE", "USAGE*"} & {*grant.attrs.get("privileges", ())}
    return grant.kind == "grant" and bool(usable) and grant.attrs["grantee"] in ("PUBLIC", role)


def _column_grants_again(fact: Fact, view: View) -> Iterable[str]:
    """Revoking from a table revokes from its columns too (the manual, REVOKE)."""
    parts = view.target_parts.get(_subject(fact), ())
    below = [other for part in parts for other in (part, *view.target_parts.get(part.id, ()))]
    parties = ("grantee", "grantor")
    for other in below:
        on_column = other.kind == "grant" and _subject(other).startswith("column:")
        same = all(other.attrs.get(key) == fact.attrs.get(key) for key in parties)
        if on_column and same and view.stays(other.id):
            on, name = _grant_target(other, view)
            yield from privilege_statements(other.attrs["privileges"], on, name, other.attrs["grantee"])[1:]


def _granted_before(fact: Fact, view: View) -> list[str]:
    """Grants that this one comes after. Somebody else than the owner needs the schema to grant in it, and
    what is taken from a whole relation is taken from its columns too."""
    kind, _, name = _subject(fact).partition(":")
    found: list[Fact] = []
    if "grantor" in fact.attrs and not is_supplied(fact):
        found += _grants_on(f"schema:{parts(name)[0]}", ("PUBLIC", fact.attrs["grantor"]), view)
    if kind == "column" and not is_supplied(fact):
        for of in ("table", "view", "matview"):
            on_table = _grants_on(f"{of}:{qualifier(name)}", (fact.attrs["grantee"],), view)
            found += (grant for grant in on_table if grant.id in view.target)  # what goes is gone by then
    return sorted({grant.id for grant in found} - {fact.id})


def _whole(fact: Fact, view: View) -> list[str]:
    """What a grant on a column comes after: the relation, which may get another owner."""
    kind, _, name = _subject(fact).partition(":")
    found = (f"{of}:{qualifier(name)}" for of in ("table", "view", "matview")) if kind == "column" else ()
    return [identity for identity in found if identity in view.target]


def _taken(grant: Fact) -> str:
    """What is provided by taking a grant away: from then on, its object can get another owner."""
    return f"taken:{grant.id}"


def _grants_on(identity: str, grantees: Collection[str], view: View) -> Iterator[Fact]:
    for part in chain(view.live_parts.get(identity, ()), view.target_parts.get(identity, ())):
        on_all = part.kind == "grant" and _subject(part) == identity
        if on_all and part.attrs["grantee"] in grantees:
            yield part


_BEHIND_ALL = 10_000
"""A materialized view may have to wait until another one is filled for it."""


def _rank(grant: Fact) -> int | None:
    """Default privileges come when all is made, or what is made after them would have them too. Those on
    columns come after those on tables, which take what they lose from the columns too."""
    if _subject(grant).startswith("column:"):
        return 62
    return _BEHIND_ALL if _subject(grant).startswith("default_privileges:") else None


def _grant(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=_statements(fact, fact.attrs["privileges"], view),
        undo=_statements(fact, fact.attrs.get("default", []), view),
        needs=[*_granted_before(fact, view), *_whole(fact, view)],
        rank=_rank(fact),
        hazards=_wider(fact, fact.attrs.get("default", []), fact.attrs["privileges"], view),
    )


def _ungrant(fact: Fact, view: View) -> Draft:
    default = fact.attrs.get("default", [])
    return Draft(
        statements=_statements(fact, default, view),
        undo=_statements(fact, fact.attrs["privileges"], view),
        needs=_granted_before(fact, view),
        provides=[_taken(fact)] if _subject(fact).startswith("column:") else (),
        hazards=_wider(fact, fact.attrs["privileges"], default, view) if fact.id not in view.target else (),
    )


def _regrant(before: Fact, after: Fact, view: View) -> Alteration:
    if before.attrs == after.attrs:
        return Alteration()
    return Alteration(
        statements=_changed_grant(before, after, view),
        undo=_changed_grant(after, before, view),
        needs=_granted_before(after, view),
        rank=_rank(after),
        hazards=_wider(after, before.attrs["privileges"], after.attrs["privileges"], view),
        displaces=lambda dependent: dependent.kind == "grant",
    )


def _changed_grant(before: Fact, after: Fact, view: View) -> list[str]:
    """Only what is another: what stays may have been given on, and cannot be taken away for a moment."""
    was, now = before.attrs["privileges"], after.attrs["privileges"]
    if _subject(after).startswith("default_privileges:"):
        return _statements(after, now, view)
    on, column = _grant_target(after, view)
    grantee = after.attrs["grantee"]
    lost = [p for p in was if not {p, f"{p}*", p.rstrip("*")} & set(now)]
    kept_without = [p for p in was if p.endswith("*") and p.rstrip("*") in now]
    found = [f"REVOKE {p.rstrip('*')}{column} ON {on} FROM {grantee}" for p in lost]
    found += [f"REVOKE GRANT OPTION FOR {p.rstrip('*')}{column} ON {on} FROM {grantee}" for p in kept_without]
    gained = [p for p in now if p not in was and f"{p}*" not in was]
    found += privilege_statements(gained, on, column, grantee)[1:]
    if not column and (lost or kept_without):
        found += _column_grants_again(after, view)
    return _by_grantor(after, found, view)


def with_grants_of_owners(rule: Rule) -> Rule:
    """The rule, with what the old and the new owner have taken away before the owner changes.

    PostgreSQL hands the old owner's privileges over to the new one and merges them with what that had.
    """

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        alteration = rule.alter(before, after, view)
        owners = [quote(fact.attrs.get("owner", "")) for fact in (before, after)]
        if alteration is None or owners[0] == owners[1]:
            return alteration
        others = alteration.displaces
        columns = [part.id for part in view.live_parts.get(before.id, ()) if part.kind == "column"]

        def is_mixed(part: Fact) -> bool:
            return part.kind == "grant" and quote(unquote(part.attrs["grantee"])) in owners

        below = chain.from_iterable(view.live_parts.get(column, ()) for column in columns)
        needs = [*alteration.needs, *(_taken(part) for part in below if is_mixed(part))]
        return replace(
            alteration,
            displaces=lambda dependent: is_mixed(dependent) or others(dependent),
            reaches=columns,
            needs=needs,
            behind=[part.id for part in view.live_parts.get(before.id, ()) if is_mixed(part)],
        )

    return replace(rule, alter=alter)


def taken_back(parts: Sequence[Fact]) -> list[Fact]:
    """The parts of an object in the order in which they can go: what somebody passed on before the grant by
    which that one could."""
    known = {part.id: part for part in parts}

    def depth(part: Fact) -> int:
        return 1 + max((depth(known[need]) for need in part.needs if need in known), default=0)

    return sorted(parts, key=lambda part: (-depth(part), part.id))


def _wider(fact: Fact, was: Sequence[str], now: Sequence[str], view: View) -> Sequence[Hazard]:
    """Somebody may do more than before, on an object that was there before and is not rebuilt."""
    more = sorted(set(now) - set(was))
    if not more or not view.stays(fact.parent or ""):
        return ()
    return (
        Hazard(HazardName.SECURITY, f"{fact.attrs['grantee']} gets {', '.join(more)} on {_subject(fact)}"),
    )


_OBJECTS = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}


def default_statements(holder: Fact, fact: Fact, privileges: Sequence[str]) -> list[str]:
    attrs = holder.attrs
    schema = f" IN SCHEMA {attrs['schema']}" if "schema" in attrs else ""
    prefix = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote(attrs['role'])}{schema} "
    return privilege_statements(privileges, _OBJECTS[attrs["objects"]], "", fact.attrs["grantee"], prefix)


RULES: dict[str, Rule] = {
    # Before materialized views are filled: their owners read through views of others.
    "grant": Rule(_grant, _ungrant, _regrant, rank=61),
}
