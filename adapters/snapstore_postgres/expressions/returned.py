"""How many columns a rule of a view returns: as many as the view had when it was made.

PostgreSQL takes no rule that returns fewer than there are. So a view gets columns that a rule is older than
when it has the rule.
"""

from __future__ import annotations

import re

from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore_postgres.expressions.tokens import words

_INSTEAD = re.compile(r"\bDO INSTEAD\s+(?P<several>\(?)")


def returned(rule: Fact) -> int:
    """How many it lists; 0 where it returns nothing."""
    text = str(rule.attrs["definition"])
    instead = _INSTEAD.search(text)
    if "RETURNING" not in text or instead is None:
        return 0
    top, depth, listed = len(instead["several"]), 0, 0
    for word in words(text[instead.start() :]):
        depth += (word == "(") - (word == ")")
        if depth == top and word == "RETURNING":
            listed = 1
        elif listed and (depth < top or word == ";"):
            break
        elif depth == top and word == ",":
            listed += bool(listed)
    return listed


def older_rules(view: Fact, target: Facts) -> list[tuple[int, Fact]]:
    """The rules of a view that return fewer columns than it has, and how many; those that return the fewest
    first."""
    columns = len(view.attrs.get("columns") or ())
    rules = (part for part in target.parts.get(view.id, ()) if part.kind == "rule")
    counted = ((returned(rule), rule) for rule in rules)
    return sorted(
        ((n, rule) for n, rule in counted if 0 < n < columns), key=lambda pair: (pair[0], pair[1].id)
    )
