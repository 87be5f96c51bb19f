"""What is made as a whole: kinds of which PostgreSQL alters little in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from snapstore.model import Fact, Json
from snapstore.rules import Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.words import designation, signature


def items(attrs: Mapping[str, Json], words: Sequence[tuple[str, str]]) -> list[str]:
    """``WORD = value`` for each attribute that is there; ``WORD`` alone where it is true."""
    found = []
    for key, word in words:
        if key in attrs:
            found.append(word if attrs[key] is True else f"{word} = {attrs[key]}")
    return found


Tuning = Callable[[Fact, Fact], Sequence[str] | None]
"""The statements that make of a fact another one in place; None where there are none for that."""


def _untunable(before: Fact, after: Fact) -> None:
    return None


def whole(
    keyword: str,
    text: Callable[[Fact], Sequence[str]],
    rank: int,
    owned: bool = True,
    tune: Tuning = _untunable,
) -> Rule:
    """A kind that PostgreSQL alters in little but its owner: anything beyond ``tune`` makes it anew."""

    def create(fact: Fact, view: View) -> Draft:
        owner = owner_statement(keyword, signature(fact), fact) if owned else []
        return Draft(statements=[*text(fact), *owner], undo=[f"DROP {designation(fact)}"])

    def drop(fact: Fact, view: View) -> Draft:
        return Draft(statements=[f"DROP {designation(fact)}"], undo=text(fact))

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        tuned = tune(before, after) if text(before) != text(after) else []
        if tuned is None:
            return None
        same = before.attrs.get("owner") == after.attrs.get("owner")
        owner = [] if same else owner_statement(keyword, signature(after), after)
        return Alteration(statements=[*tuned, *owner], undo=tune(after, before) or ())

    return Rule(create, drop, alter, rank=rank, separable=by_itself)


def only(before: Fact, after: Fact, *names: str) -> bool:
    """Whether the two differ in nothing but these attributes and the owner."""
    ignored = {*names, "owner"}
    keys = (before.attrs.keys() | after.attrs.keys()) - ignored
    return all(before.attrs.get(key) == after.attrs.get(key) for key in keys)


def set_clauses(before: Fact, after: Fact, words: Sequence[tuple[str, str]]) -> str:
    """``WORD = value`` for each attribute that differs; ``NONE`` for what is there no more."""
    changed = [(key, word) for key, word in words if before.attrs.get(key) != after.attrs.get(key)]
    return ", ".join(f"{word} = {after.attrs.get(key, 'NONE')}" for key, word in changed)
