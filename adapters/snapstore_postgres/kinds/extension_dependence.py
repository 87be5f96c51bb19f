"""Rules for what goes when an extension goes: DEPENDS ON EXTENSION."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Draft, Rule, View, by_itself
from snapstore_postgres.kinds.comments import object_of


def _dependence(fact: Fact, view: View, no: str = "") -> str:
    return (
        f"ALTER {object_of(fact.attrs['of'], fact, view)} {no}DEPENDS ON EXTENSION {fact.attrs['extension']}"
    )


def _depend(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_dependence(fact, view)], undo=[_dependence(fact, view, "NO ")])


def _depend_no_more(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_dependence(fact, view, "NO ")], undo=[_dependence(fact, view)])


RULES: dict[str, Rule] = {
    "depends_on_extension": Rule(_depend, _depend_no_more, rank=87, separable=by_itself),
}
