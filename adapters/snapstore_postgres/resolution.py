"""Text that stays the same while it means something else: expressions call what they do not show.

``a::int`` may be a cast by one function or by another, ``ORDER BY a`` uses an operator of some class. What
such a text stands on was decided when it was read. Where that differs, it has to be read anew.
"""

from __future__ import annotations

from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import Alteration, Rule, View

PRINTED = (
    "view",
    "matview",
    "constraint",
    "index",
    "default",
    "column",
    "domain",
    "policy",
    "rule",
    "trigger",
    "statistics",
    "function",
    "procedure",
)
"""Kinds whose definition the server has parsed."""
_UNSEEN = ("function:", "operator:")


def read_anew(rule: Rule) -> Rule:
    """The rule, with what is the same to read and stands on other functions replaced."""

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        if before.attrs == after.attrs and _calls(before) != _calls(after):
            return None
        return rule.alter(before, after, view)

    return replace(rule, alter=alter)


def _calls(fact: Fact) -> set[str]:
    return {need for need in fact.needs if need.startswith(_UNSEEN)}
