"""Rules for what goes when an extension goes: DEPENDS ON EXTENSION."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Draft, Rule, View, by_itself
from snapstore_postgres.kinds.comments import object_of


def dependence(fact: Fact, view: View, no: str = "") -> str:
    """The statement that says it, or with ``NO`` takes it back."""
    return (
        f"ALTER {object_of(fact.attrs['of'], fact, view)} {no}DEPENDS ON EXTENSION {fact.attrs['extension']}"
    )


def _depend(fact: Fact, view: View) -> Draft:
    return Draft(statements=[dependence(fact, view)], undo=[dependence(fact, view, "NO ")])


def _depend_no_more(fact: Fact, view: View) -> Draft:
    return Draft(statements=[dependence(fact, view, "NO ")], undo=[dependence(fact, view)])


RULES: dict[str, Rule] = {
    "depends_on_extension": Rule(_depend, _depend_no_more, rank=87, separable=by_itself),
}
