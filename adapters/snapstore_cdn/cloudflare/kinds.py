"""What of Cloudflare is captured, and where the API has it.

Everything gets an id and times of its own, which are no state: facts go by names, phases and addresses.
"""

from __future__ import annotations

from typing import NamedTuple

SETTING, TRANSFORM, LIST, RULESET = "setting", "transform", "list", "ruleset"
CUSTOM = "custom-ruleset"
ACCESS, LOCKDOWN, AGENT = "access", "lockdown", "agent"
PAGE_RULE, PAGE_RULES = "pagerule", "pagerule-order"
ACCOUNT = "account"
"""What stands for the account where others have the name of a zone."""
OF_ACCOUNT = (CUSTOM, RULESET, ACCESS)
OF_ZONES = (SETTING, TRANSFORM, *OF_ACCOUNT, LOCKDOWN, AGENT, PAGE_RULE)
"""What an account and what a zone has, by itself and in its own place."""


class Place(NamedTuple):
    """A zone or the account, and the path that leads to what it has."""

    name: str
    path: str


ALONE = ("early_hints", "h2_prioritization", "image_resizing", "origin_max_http_version")
"""Settings that the list of all of them leaves out."""
BESIDE = (
    "argo/smart_routing",
    "argo/tiered_caching",
    "cache/cache_reserve",
    "cache/regional_tiered_cache",
    "cache/tiered_cache_smart_topology_enable",
    "cache/variants",
)
"""Settings that have a place of their own."""
UNSET = frozenset({"cache/tiered_cache_smart_topology_enable", "cache/variants"})
"""Those that may not be set at all, and are deleted to be so again."""
PASSING = "development_mode"
"""It ends by itself after three hours."""

ENTRIES = frozenset({"zone", "root"})
"""The kinds of rulesets that are somebody's own, and where a phase begins: a zone's, and an account's."""
HEADERS = "http_request_late_transform"
"""The phase whose rules set headers of requests, which tell the origin who asks."""
GUARDS = ("http_request_firewall_custom", "http_request_firewall_managed", "http_ratelimit", "ddos_l7")
"""The phases whose rules keep somebody out."""
