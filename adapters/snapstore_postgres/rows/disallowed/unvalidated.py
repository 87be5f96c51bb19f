"""Checks that were never validated: rows that were there before them may violate them."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations import children


def is_unvalidated(check: Fact | None) -> bool:
    return check is not None and check.attrs["definition"].endswith(" NOT VALID")


def is_valid_check(fact: Fact) -> bool:
    """Whether it is a check that is enforced, and was validated."""
    is_check = fact.kind == "constraint" and fact.attrs["type"] == "c"
    return is_check and not fact.attrs["definition"].endswith((" NOT VALID", " NOT ENFORCED"))


def never_validated(table: str, view: View) -> list[str]:
    """Those of a table, given by identity: an update of rows that violate them would be refused."""
    checks = (p for p in view.live_parts.get(table, ()) if p.kind == "constraint" and p.attrs["type"] == "c")
    return [check.id for check in checks if is_unvalidated(check) and not check.attrs.get("inherited")]


def is_validated_below(fact: Fact, view: View) -> bool:
    """Whether it is a live check that was not validated, and a table below has one of the name that was: the
    server cannot make them anew for another type, since the one below would not be valid by then."""
    if fact.kind != "constraint" or not is_unvalidated(view.live.get(fact.id)):
        return False
    return any(is_valid_check(below) for below in _same_below(fact, view))


def _same_below(check: Fact, view: View) -> Iterator[Fact]:
    for child in children(check.parent or "", view.live_dependents):
        below = view.live.get(f"constraint:{child}.{last(check.name)}")
        if below is not None:
            yield below
            yield from _same_below(below, view)
