"""Rules for what indexes know how to search by: access methods, operator families and operator classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import Rule
from snapstore_postgres.kinds.whole import whole


def _members(fact: Fact) -> list[str]:
    found = [
        f"OPERATOR {m['strategy']} {m['operator']}"
        + (f" FOR ORDER BY {m['order_by']}" if "order_by" in m else "")
        for m in fact.attrs.get("operators") or ()
    ]
    for m in fact.attrs.get("functions") or ():
        types = f" ({', '.join(m['types'])})" if m.get("types") else ""
        found.append(f"FUNCTION {m['number']}{types} {m['function']}")
    return found


def _operator_family(fact: Fact) -> list[str]:
    found = [f"CREATE OPERATOR FAMILY {fact.name}"]
    members = _members(fact)
    return [*found, f"ALTER OPERATOR FAMILY {fact.name} ADD {', '.join(members)}"] if members else found


def _tune_operator_family(before: Fact, after: Fact) -> Sequence[str]:
    """What is loose in a family comes and goes by itself; all of it where those that come are not the last of
    their number, since pg_dump tells of them in the order in which they came."""
    was, now = _members(before), _members(after)
    old, new = [m for m in was if m not in now], [m for m in now if m not in was]
    if sorted([*(m for m in was if m in now), *new], key=_numbered) != now:
        old, new = was, now
    alter = f"ALTER OPERATOR FAMILY {after.name}"
    dropped = [f"{alter} DROP {', '.join(map(_member_place, old))}"] if old else []
    return dropped + ([f"{alter} ADD {', '.join(new)}"] if new else [])


def _numbered(member: str) -> tuple[bool, int]:
    """What comes before what: operators before functions, by number."""
    word, number, _ = member.split(" ", 2)
    return word == "FUNCTION", int(number)


def _member_place(member: str) -> str:
    """``OPERATOR 1 public.<(integer, bigint)`` is dropped as ``OPERATOR 1 (integer, bigint)``."""
    word, number, rest = member.split(" ", 2)
    if word == "FUNCTION" and rest.startswith("("):
        return f"{word} {number} {rest[: rest.index(')') + 1]}"
    arguments = rest.removesuffix(rest[rest.rindex(")") + 1 :])
    return f"{word} {number} {arguments[arguments.rindex('(') :]}"


def _operator_class(fact: Fact) -> list[str]:
    a = fact.attrs
    default = " DEFAULT" if a.get("default") else ""
    family = f" FAMILY {a['family']}" if "family" in a else ""
    members = _members(fact) + ([f"STORAGE {a['storage']}"] if "storage" in a else [])
    members = members or [f"STORAGE {a['type']}"]
    body = ",\n    ".join(members)
    name, _, method = fact.name.rpartition(" USING ")
    head = f"CREATE OPERATOR CLASS {name}{default} FOR TYPE {a['type']} USING {method}{family}"
    return [f"{head} AS\n    {body}"]


def _default_slot(fact: Fact) -> list[str]:
    """Of the classes that a method has for a type, one can be the default."""
    method = fact.name.rpartition(" USING ")[2]
    return [f"default_class:{fact.attrs['type']} USING {method}"] if fact.attrs.get("default") else []


def _access_method(fact: Fact) -> list[str]:
    kind = {"t": "TABLE", "i": "INDEX"}[fact.attrs["type"]]
    return [f"CREATE ACCESS METHOD {fact.name} TYPE {kind} HANDLER {fact.attrs['handler']}"]


RULES: dict[str, Rule] = {
    "access_method": whole("ACCESS METHOD", _access_method, rank=37, owned=False),
    "operator_family": whole("OPERATOR FAMILY", _operator_family, rank=39, tune=_tune_operator_family),
    "operator_class": replace(whole("OPERATOR CLASS", _operator_class, rank=41), slots=_default_slot),
}
