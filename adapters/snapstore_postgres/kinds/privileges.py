"""Rules for comments, grants and default privileges: what can be said of any object."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.kinds.domains import name_of_domain_not_null
from snapstore_postgres.names import block, last, literal, parts, qualifier, quote, unquote
from snapstore_postgres.relations.notnull_names import not_null_comment
from snapstore_postgres.words import database_name, designation, grantee_object

# -- comments ----------------------------------------------------------------------------------------------


def object_of(identity: str, fact: Fact, view: View) -> str:
    """What a comment or a label, which is part of a fact, is on: that one, or a part that is none of its own,
    as a column of a view and the index of a constraint."""
    whole = view.either(identity)
    if whole is not None:
        return f"DATABASE {database_name(view)}" if whole.kind == "database" else designation(whole)
    kind, _, name = identity.partition(":")
    if _is_supplied(fact):
        name = name.partition(":")[2]
    if kind == "index":
        return f"INDEX {parts(name)[0]}.{last(name)}"
    return f"{kind.upper()} {name}"


def _comment(fact: Fact, view: View) -> Draft:
    said = _commented(fact, view, view.target)
    if not _is_supplied(fact) or view.target[fact.parent or ""].parent not in view.fates:
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


# -- grants ------------------------------------------------------------------------------------------------


def _subject(fact: Fact) -> str:
    """What is granted on: the identity between ``grant:`` and the grantee."""
    tail = ":" + fact.attrs["grantee"] + (f":{fact.attrs['grantor']}" if "grantor" in fact.attrs else "")
    return fact.name.removesuffix(tail)


def _grant_target(fact: Fact, view: View) -> tuple[str, str]:
    """(object, column): ``TABLE public.users`` and ``(email)``, the latter empty for a whole object."""
    subject = _subject(fact)
    kind, _, name = subject.partition(":")
    if kind == "column":
        relation = qualifier(name).rpartition(":")[2] if _is_supplied(fact) else qualifier(name)
        return f"TABLE {relation}", f" ({last(name)})"
    if kind == "database":
        return f"DATABASE {database_name(view)}", ""
    return grantee_object(view.target.get(subject) or view.live[subject]), ""


def _is_supplied(fact: Fact) -> bool:
    return bool(fact.parent) and str(fact.parent).startswith("supplied:")


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
        return _default_statements(view.target.get(fact.parent) or view.live[fact.parent], fact, privileges)
    on, column = _grant_target(fact, view)
    grantor, grantee = fact.attrs.get("grantor"), fact.attrs["grantee"]
    revoke_all, *found = privilege_statements(privileges, on, column, grantee)
    # Who may pass on something, but not all, may not revoke all either; and all of a table is also what is
    # granted on its columns, which others may have from the grantee.
    passed_on = ", ".join(f"{name.rstrip('*')}{column}" for name in fact.attrs["privileges"])
    revoke = [f"REVOKE {passed_on} ON {on} FROM {grantee}"] if passed_on and not privileges else []
    has_some = not privileges or "default" in fact.attrs
    found = [*(revoke if grantor or revoke else [revoke_all] if has_some else []), *found]
    if not column:
        found += _column_grants_again(fact, view)
    return [f"SET ROLE {grantor}", *found, "RESET ROLE"] if grantor else found


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
    if "grantor" in fact.attrs and not _is_supplied(fact):
        found += _grants_on(f"schema:{parts(name)[0]}", ("PUBLIC", fact.attrs["grantor"]), view)
    if kind == "column" and not _is_supplied(fact):
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


def _rank(grant: Fact) -> int | None:
    """Default privileges come when all is made, or what is made after them would have them too. Those on
    columns come after those on tables, which take what they lose from the columns too."""
    if _subject(grant).startswith("column:"):
        return 62
    return 195 if _subject(grant).startswith("default_privileges:") else None


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
    grantor = after.attrs.get("grantor")
    return [f"SET ROLE {grantor}", *found, "RESET ROLE"] if grantor else found


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


# -- default privileges ------------------------------------------------------------------------------------

_OBJECTS = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}
_DEFAULT_LETTER = {
    "table": "r", "view": "r", "matview": "r", "sequence": "S", "function": "f", "procedure": "f",
    "aggregate": "f", "enum": "T", "composite": "T", "domain": "T", "range": "T", "base_type": "T",
    "schema": "n", "large_object": "L",
}  # fmt: skip


def _default_statements(holder: Fact, fact: Fact, privileges: Sequence[str]) -> list[str]:
    attrs = holder.attrs
    schema = f" IN SCHEMA {attrs['schema']}" if "schema" in attrs else ""
    prefix = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote(attrs['role'])}{schema} "
    return privilege_statements(privileges, _OBJECTS[attrs["objects"]], "", fact.attrs["grantee"], prefix)


def _drop_default_privileges(fact: Fact, view: View) -> Draft:
    statements = [
        statement
        for grant in sorted(view.live_parts.get(fact.id, ()), key=lambda g: g.id)
        for statement in _default_statements(fact, grant, grant.attrs.get("default", []))
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
    off = (_default_statements(holder, grant, grant.attrs.get("default", [])) for holder, grant in held)
    on = (_default_statements(holder, grant, grant.attrs["privileges"]) for holder, grant in held)
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


def _granted_on_identity(column: Fact, view: View, owner: str = "") -> Iterable[str]:
    """The same for the sequence of an identity column, which is made with the column.

    A partition's column has its parent's identity (a word instead of options) and no sequence of its own.
    """
    identity = column.attrs.get("identity")
    sequence = identity.get("sequence") if isinstance(identity, dict) else None
    defaults = _defaults("S", parts(sequence)[0], view) if sequence else {}
    for grantee, base in sorted(_handed_over(defaults, owner, view).items()):
        yield from privilege_statements(base, f"SEQUENCE {sequence}", "", grantee)


def with_plain_identity(rule: Rule) -> Rule:
    """The rule for columns, with what default privileges give to a new identity sequence taken away."""

    def create(fact: Fact, view: View) -> Draft:
        draft = rule.create(fact, view)
        extra = list(_granted_on_identity(fact, view)) if draft.statements else []
        return replace(draft, statements=[*draft.statements, *extra]) if extra else draft

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        alteration = rule.alter(before, after, view)
        if not alteration or not alteration.statements or "identity" in before.attrs:
            return alteration
        extra = list(_granted_on_identity(after, view))
        return replace(alteration, statements=[*alteration.statements, *extra])

    return replace(rule, create=create, alter=alter)


def _defaults(letter: str, schema: str | None, view: View) -> dict[str, list[str]]:
    """What grantees have by themselves on a new object, for those to whom default privileges give more."""
    role = str(view.request.live_hints.get("role"))
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
    "comment": Rule(_comment, _uncomment, _recomment, rank=85),
    # Before materialized views are filled: their owners read through views of others.
    "grant": Rule(_grant, _ungrant, _regrant, rank=61),
    "default_privileges": Rule(
        _nothing, _drop_default_privileges, lambda before, after, view: Alteration(), rank=95
    ),
}
