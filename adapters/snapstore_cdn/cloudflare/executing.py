"""Which custom ruleset a rule executes: by the name of one that is captured, since it gets another id when it
is made again, and by its id where nothing but that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snapstore.model import Json
from snapstore_cdn.cloudflare.kinds import CUSTOM
from snapstore_cdn.provider import Attrs

EXECUTE = "execute"
BY_NAME, BY_ID = "ruleset", "id"
CUSTOMS = "customs"
"""The hint that has the names of the custom rulesets that were captured, by their ids."""
Customs = Mapping[str, str]


def by_name(rule: Mapping[str, Any], customs: Customs) -> Mapping[str, Any]:
    """The rule, with the name of what it executes where that is known."""
    does: Mapping[str, Any] = rule.get("action_parameters") or {}
    if rule["action"] != EXECUTE or does.get(BY_ID) not in customs:
        return rule
    rest = {name: value for name, value in does.items() if name != BY_ID}
    return {**rule, "action_parameters": {**rest, BY_NAME: customs[does[BY_ID]]}}


def by_id(rule: Mapping[str, Any], customs: Customs) -> Mapping[str, Any]:
    """The other way round."""
    does: Mapping[str, Any] = rule.get("action_parameters") or {}
    id = next((id for id, name in customs.items() if name == does.get(BY_NAME)), None)
    if rule["action"] != EXECUTE or id is None:
        return rule
    rest = {name: value for name, value in does.items() if name != BY_NAME}
    return {**rule, "action_parameters": {BY_ID: id, **rest}}


def told_as(attrs: Attrs, live: Mapping[str, Json], target: Mapping[str, Json]) -> Attrs:
    """How a capture of now tells rules of another one: an account that was named only since, or is no longer,
    has them told by other words."""
    if "rules" not in attrs:
        return attrs
    known: Customs = live.get(CUSTOMS, {})
    untold = {id: name for id, name in target.get(CUSTOMS, {}).items() if not _is_asked(name, live)}
    return {**attrs, "rules": [by_name(by_id(rule, untold), known) for rule in attrs["rules"]]}


def _is_asked(name: str, live: Mapping[str, Json]) -> bool:
    """Whether one that is not there is gone, and not only at a place that nobody has asked for."""
    return f"{CUSTOM}:{name.partition('/')[0]}" in live.get("asked", ())
