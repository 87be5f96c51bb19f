"""What plans know of Cloudflare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from snapstore.model import Hazard, HazardName, Json
from snapstore_cdn.cloudflare.executing import told_as
from snapstore_cdn.cloudflare.kinds import (
    ACCESS,
    AGENT,
    CUSTOM,
    GUARDS,
    HEADERS,
    LIST,
    LOCKDOWN,
    PAGE_RULE,
    PAGE_RULES,
    RULESET,
    SETTING,
    TRANSFORM,
    UNSET,
)
from snapstore_cdn.provider import Change, Traits

READ_ONLY = "read_only"
"""The hint that has the identities of settings which the plan of the zone does not let anybody change."""
_STRONGER: Mapping[str, tuple[Json, ...]] = {
    "always_use_https": ("off", "on"),
    "min_tls_version": ("1.0", "1.1", "1.2", "1.3"),
    "security_level": ("off", "essentially_off", "low", "medium", "high", "under_attack"),
    "ssl": ("off", "flexible", "full", "strict", "origin_pull"),
    "tls_client_auth": ("off", "on"),
    "waf": ("off", "on"),
}
"""What settings that keep something out or secret can be, from the weakest on."""
_ORDER = (SETTING, TRANSFORM, LIST, CUSTOM, RULESET, ACCESS, LOCKDOWN, AGENT, PAGE_RULE, PAGE_RULES)
_LETS_IN = "whitelist"


def _hazards(change: Change) -> Iterator[Hazard]:
    zone, _, name = change.name.partition("/")
    before: Mapping[str, Any] = change.before or {}
    after: Mapping[str, Any] = change.after or {}
    if change.kind == SETTING and _is_weaker(name, before.get("value"), after.get("value")):
        text = f"{zone}: {name} is {after['value']}, and was {before['value']}"
        yield Hazard(HazardName.SECURITY, text)
    if change.kind in (ACCESS, LOCKDOWN, AGENT) and _lets_more_in(before, after):
        yield Hazard(HazardName.SECURITY, f"{zone}: the {change.kind} rule for {name} goes or changes")
    if change.kind in (RULESET, CUSTOM) and name.partition("/")[0] in GUARDS:
        kept = [rule for rule in after.get("rules", ()) if rule.get("enabled", True)]
        for rule in before.get("rules", ()):
            if rule.get("enabled", True) and rule not in kept:
                text = rule.get("description") or rule.get("expression", "")
                yield Hazard(HazardName.SECURITY, f"{zone}: a rule of {name} goes or changes: {text}")


def _lets_more_in(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether what keeps somebody out is no longer the same, or somebody is let in who was not."""
    said = frozenset({"notes", "description"})
    old, new = ({part: value for part, value in one.items() if part not in said} for one in (before, after))
    keeps_out = bool(old) and not old.get("paused") and old.get("mode") != _LETS_IN
    return old != new and (keeps_out or new.get("mode") == _LETS_IN)


def _is_weaker(name: str, before: Json, after: Json) -> bool:
    known = _STRONGER.get(name, ())
    return before in known and after in known and known.index(after) < known.index(before)


def _obstacle(change: Change, hints: Mapping[str, Json]) -> str | None:
    if change.id in hints.get(READ_ONLY, ()):
        return "the plan of the zone does not let it be changed"
    if (
        change.kind == LIST
        and change.before
        and change.after
        and change.before["kind"] != change.after["kind"]
    ):
        return f"it is a list of another kind ({change.before['kind']}), which Cloudflare does not change"
    return None


def _left_alone(change: Change) -> bool:
    """Settings that Cloudflare has come to know, or knows no longer: nobody makes or removes one."""
    is_one = change.kind in (SETTING, TRANSFORM) and (change.before is None or change.after is None)
    return is_one and change.name.partition("/")[2] not in UNSET


def _is_secret(identity: str, place: tuple[str, ...]) -> bool:
    """What rules set in headers of requests to the origin."""
    return HEADERS in identity.split("/") and "headers" in place and place[-1] == "value"


TRAITS = Traits(
    purge_takes="within seconds",
    hazards=_hazards,
    obstacle=_obstacle,
    rank=lambda change: _ORDER.index(change.kind),
    left_alone=_left_alone,
    goes_by_itself=lambda change: change.kind == PAGE_RULES and change.after is None,
    is_secret=_is_secret,
    told_as=told_as,
    later=(CUSTOM, ACCESS, LOCKDOWN, AGENT),
)
