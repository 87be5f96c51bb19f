"""Rules for base types, and for shells: the names of types that are not made yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.whole import items, only, set_clauses, whole
from snapstore_postgres.relations import owner_statement

_BASE_TYPE = (
    ("input", "INPUT"),
    ("output", "OUTPUT"),
    ("receive", "RECEIVE"),
    ("send", "SEND"),
    ("typmod_in", "TYPMOD_IN"),
    ("typmod_out", "TYPMOD_OUT"),
    ("analyze", "ANALYZE"),
    ("subscript", "SUBSCRIPT"),
    ("length", "INTERNALLENGTH"),
    ("by_value", "PASSEDBYVALUE"),
    ("alignment", "ALIGNMENT"),
    ("storage", "STORAGE"),
    ("category", "CATEGORY"),
    ("preferred", "PREFERRED"),
    ("default", "DEFAULT"),
    ("element", "ELEMENT"),
    ("delimiter", "DELIMITER"),
    ("collatable", "COLLATABLE"),
)


def _base_type(fact: Fact) -> list[str]:
    return [f"CREATE TYPE {fact.name} (\n    {', '.join(items(fact.attrs, _BASE_TYPE))}\n)"]


_TUNABLE = tuple(
    item
    for item in _BASE_TYPE
    if item[0] in ("receive", "send", "typmod_in", "typmod_out", "analyze", "subscript", "storage")
)


def _tune_base_type(before: Fact, after: Fact) -> Sequence[str] | None:
    """All but the first two of the functions, and the storage if it does not become plain."""
    if not only(before, after, *(key for key, _ in _TUNABLE)):
        return None
    if before.attrs.get("storage") != after.attrs.get("storage") == "plain":
        return None
    return [f"ALTER TYPE {after.name} SET ({set_clauses(before, after, _TUNABLE)})"]


def _create_shell(fact: Fact, view: View) -> Draft:
    owner = owner_statement("TYPE", fact.name, fact) if "owner" in fact.attrs else []
    return Draft(statements=[f"CREATE TYPE {fact.name}", *owner], undo=[f"DROP TYPE {fact.name} CASCADE"])


def _alter_shell(before: Fact, after: Fact, view: View) -> Alteration | None:
    """One that stays a name has an owner; only its own could make a type of it."""
    if before.attrs.keys() != after.attrs.keys():
        return None
    same = before.attrs == after.attrs
    return Alteration(statements=() if same else owner_statement("TYPE", after.name, after))


def _drop_shell(fact: Fact, view: View) -> Draft:
    """The type and its own functions stand on each other: only all of them together can be dropped."""
    type_ = view.live.get(f"base_type:{fact.name}") or view.live.get(f"range:{fact.name}")
    functions = [view.live[n] for n in type_.needs if fact.id in view.live[n].needs] if type_ else []
    cascade = " CASCADE" if functions else ""
    return Draft(statements=[f"DROP TYPE {fact.name}{cascade}"], absorbs=functions)


def with_shell(fact: Fact, view: View) -> list[str]:
    """A type that is made anew, since its own functions would keep the old one."""
    again = fact.id in view.live and fact.parent in view.live
    return [fact.parent] if fact.parent and again else []


def _slot(fact: Fact) -> list[str]:
    return [f"type:{fact.name}"]


RULES: dict[str, Rule] = {
    "shell_type": Rule(_create_shell, _drop_shell, _alter_shell, rank=9, slots=_slot),
    # Not separable: a type and its functions only go together, with its shell.
    "base_type": replace(
        whole("TYPE", _base_type, rank=36, tune=_tune_base_type),
        separable=lambda fact, view: (),
        along=with_shell,
    ),
}
