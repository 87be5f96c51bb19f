"""Checks that were never validated: rows that were there before them may violate them."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import View


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
