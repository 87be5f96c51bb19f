"""Rules for event triggers."""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.model import Fact
from snapstore.rules import Rule
from snapstore_postgres.kinds.whole import only, whole
from snapstore_postgres.names import literal
from snapstore_postgres.words import FIRING

_BEHIND_ALL = 30_000
"""Before 17 nothing keeps a new one from what is done after it."""


def _event_trigger(fact: Fact) -> list[str]:
    a = fact.attrs
    when = f" WHEN TAG IN ({', '.join(map(literal, a['tags']))})" if a.get("tags") else ""
    found = [f"CREATE EVENT TRIGGER {fact.name} ON {a['event']}{when} EXECUTE FUNCTION {a['function']}()"]
    if "enabled" in a:
        found.append(f"ALTER EVENT TRIGGER {fact.name} {FIRING[a['enabled']]}")
    return found


def _tune_event_trigger(before: Fact, after: Fact) -> Sequence[str] | None:
    if not only(before, after, "enabled"):
        return None
    return [f"ALTER EVENT TRIGGER {after.name} {FIRING[after.attrs.get('enabled', 'O')]}"]


RULES: dict[str, Rule] = {
    "event_trigger": whole("EVENT TRIGGER", _event_trigger, rank=_BEHIND_ALL, tune=_tune_event_trigger),
}
