"""Everything that Cloudflare is sent is as its own library, made of its OpenAPI document, has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cdn.cloudflare import ACCOUNT_ID, ZONE_ID, running
from tests.cdn.test_cloudflare import filled, other, settings
from tests.cloudflare_library import Library
from tests.project import project, well

PURGE = '"everything", "tag:a", "www.example.com/a", "www.example.com/a/*", "www.example.com/*"'


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Any]:
    """What checks a body, by its method and where it goes, ``*`` for ids and names."""
    places = {
        ("PUT", "rulesets/phases/*/entrypoint"): ("rulesets.phase_update_params", "PhaseUpdateParams"),
        ("PATCH", "settings/*"): ("zones.setting_edit_params", "SettingEditParams"),
        ("PATCH", "argo/tiered_caching"): ("argo.tiered_caching_edit_params", "TieredCachingEditParams"),
        ("PATCH", "cache/tiered_cache_smart_topology_enable"): (
            "cache.smart_tiered_cache_edit_params",
            "SmartTieredCacheEditParams",
        ),
        ("PATCH", "cache/variants"): ("cache.variant_edit_params", "VariantEditParams"),
        ("PATCH", "managed_headers"): (
            "managed_transforms.managed_transform_edit_params",
            "ManagedTransformEditParams",
        ),
        ("PUT", "url_normalization"): (
            "url_normalization.url_normalization_update_params",
            "URLNormalizationUpdateParams",
        ),
        ("POST", "rulesets"): ("rulesets.ruleset_create_params", "RulesetCreateParams"),
        ("PUT", "rulesets/*"): ("rulesets.ruleset_update_params", "RulesetUpdateParams"),
        ("POST", "firewall/access_rules/rules"): (
            "firewall.access_rule_create_params",
            "AccessRuleCreateParams",
        ),
        ("PATCH", "firewall/access_rules/rules/*"): (
            "firewall.access_rule_edit_params",
            "AccessRuleEditParams",
        ),
        # Of changes the document leaves out what is not required, and has the targets of other rules.
        **{
            (method, f"firewall/lockdowns{one}"): ("firewall.lockdown_create_params", "LockdownCreateParams")
            for method, one in (("POST", ""), ("PUT", "/*"))
        },
        **{
            (method, f"firewall/ua_rules{one}"): ("firewall.ua_rule_create_params", "UARuleCreateParams")
            for method, one in (("POST", ""), ("PUT", "/*"))
        },
        ("POST", "pagerules"): ("page_rules.page_rule_create_params", "PageRuleCreateParams"),
        ("PUT", "pagerules/*"): ("page_rules.page_rule_update_params", "PageRuleUpdateParams"),
        ("PATCH", "pagerules/*"): ("page_rules.page_rule_edit_params", "PageRuleEditParams"),
        ("POST", "rules/lists"): ("rules.list_create_params", "ListCreateParams"),
        ("PUT", "rules/lists/*"): ("rules.list_update_params", "ListUpdateParams"),
        ("PUT", "rules/lists/*/items"): ("rules.lists.item_update_params", "ItemUpdateParams"),
        ("POST", "purge_cache"): ("cache.cache_purge_params", "CachePurgeParams"),
    }
    library = Library(monkeypatch)
    return {place: library.checking(*found) for place, found in places.items()}


def test_everything_that_is_sent_is_documented(types: dict[tuple[str, str], Any], tmp_path: Path):
    with running() as cloudflare:
        filled(cloudflare)
        place = project(tmp_path / "project", settings(cloudflare, f"purge = [{PURGE}]\n"))
        taken = place.take()
        other(cloudflare)
        well(place.restore(taken.commit))
        well(place.undo())
        sent = [one for one in cloudflare.sent if one[0] != "DELETE"]
    seen = set()
    for method, path, body in sent:
        _, scope, id, *words = path.split("/")
        found = (method, _place(words))
        said = {"body": body} if isinstance(body, list) else body
        types[found].validate_python({f"{scope[:-1]}_id": id, **said})
        seen.add(found)
    assert seen == types.keys()


def test_what_is_not_documented_is_refused(types: dict[tuple[str, str], Any]):
    rules = types["PUT", "rulesets/phases/*/entrypoint"]
    rule = {"action": "block", "expression": "true"}
    rules.validate_python({"zone_id": ZONE_ID, "rules": [rule]})
    for wrong in ({**rule, "priority": 1}, {**rule, "action": "explode"}):
        with pytest.raises(ValueError, match="validation error"):
            rules.validate_python({"zone_id": ZONE_ID, "rules": [wrong]})
    with pytest.raises(ValueError, match="validation error"):
        types["POST", "rules/lists"].validate_python({"account_id": ACCOUNT_ID, "name": "a", "kind": "b"})


def _place(words: list[str]) -> str:
    match words:
        case ["rulesets", "phases", _, last]:
            return f"rulesets/phases/*/{last}"
        case ["settings" | "pagerules" | "rulesets" as first, _]:
            return f"{first}/*"
        case ["firewall", "access_rules", "rules", _]:
            return "firewall/access_rules/rules/*"
        case ["firewall", kind, _] if kind != "access_rules":
            return f"firewall/{kind}/*"
        case ["rules", "lists", _, *rest]:
            return "/".join(["rules/lists/*", *rest])
    return "/".join(words)
