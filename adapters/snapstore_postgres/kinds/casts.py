"""Rules for how values become others: casts between types, conversions between encodings."""

from __future__ import annotations

from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import Draft, Rule, View
from snapstore_postgres.kinds.whole import whole
from snapstore_postgres.names import literal
from snapstore_postgres.words import designation

_CONTEXT = {"a": " AS ASSIGNMENT", "i": " AS IMPLICIT"}


def _cast(fact: Fact) -> list[str]:
    a = fact.attrs
    how = {"f": f"WITH FUNCTION {a.get('function')}", "i": "WITH INOUT", "b": "WITHOUT FUNCTION"}[a["method"]]
    return [f"CREATE CAST {fact.name} {how}{_CONTEXT.get(a['context'], '')}"]


_BEHIND_ALL = 190
"""What may have waited for it still comes before default privileges and event triggers."""


def _drop_cast(fact: Fact, view: View) -> Draft:
    """Where it goes for good, behind all else: an expression may be there that was read while it was there.
    It keeps the function that was called, or nothing, but is printed, and made again, as a cast."""
    rank = None if fact.id in view.target else _BEHIND_ALL
    return Draft(statements=[f"DROP {designation(fact)}"], undo=_cast(fact), rank=rank)


def _conversion(fact: Fact) -> list[str]:
    a = fact.attrs
    default = "DEFAULT " if a.get("default") else ""
    between = f"FOR {literal(a['from'])} TO {literal(a['to'])}"
    return [f"CREATE {default}CONVERSION {fact.name} {between} FROM {a['function']}"]


RULES: dict[str, Rule] = {
    # Before all expressions: a cast that has no function is nothing that they would be known to stand on.
    "cast": replace(whole("CAST", _cast, rank=8, owned=False), drop=_drop_cast),
    "conversion": whole("CONVERSION", _conversion, rank=38),
}
