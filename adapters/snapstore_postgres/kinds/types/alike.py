"""What the rules for types have in common."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Draft


def dropped(keyword: str) -> Draft:
    return Draft(statements=[f"DROP {keyword}"])


def type_slot(fact: Fact) -> list[str]:
    return [f"type:{fact.name}"]
