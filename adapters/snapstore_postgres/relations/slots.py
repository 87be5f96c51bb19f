"""Names that relations share with each other and with types."""

from __future__ import annotations

from snapstore.model import Fact


def relation_slot(fact: Fact) -> list[str]:
    """Relations of all kinds share one space of names."""
    return [f"relation:{fact.name}"]


def row_slots(fact: Fact) -> list[str]:
    """A relation with columns is also a type."""
    return [f"relation:{fact.name}", f"type:{fact.name}"]
