"""Cloudflare: settings, rules, page rules and lists come back as they were, in many requests."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore import journal
from snapstore.embedded import free_port
from snapstore.errors import SnapError
from snapstore.model import HazardName, Plan
from snapstore.remote.cloudflare import opened
from snapstore_cdn.cloudflare import lists as of_lists
from snapstore_cdn.cloudflare.kinds import Place
from tests.cdn.cloudflare import ACCOUNT_ID, OTHER_ID, TOKEN, ZONE, ZONE_ID, Cloudflare, Told, running
from tests.dns.gateway import FAILURES, Failure, ways
from tests.project import Project, goes_and_comes, in_rounds, project, well

ROUNDS = int(os.environ.get("SNAPSTORE_CDN_ROUNDS", "3"))
EVERY = "SNAPSTORE_CDN_FAULTS" in os.environ
STEP = 1 if EVERY else 149
SECRET = "only-the-origin-knows-this"
REDIRECTS, FIREWALL = "http_request_redirect", "http_request_firewall_custom"
MANAGED = "http_request_firewall_managed"
HEADERS, CACHE, DYNAMIC = (
    "http_request_late_transform",
    "http_request_cache_settings",
    "http_request_dynamic_redirect",
)
SETTINGS: Told = {
    "ssl": "strict",
    "min_tls_version": "1.2",
    "browser_cache_ttl": 14400,
    "security_header": {"strict_transport_security": {"enabled": True, "max_age": 86400}},
    "ciphers": ["ECDHE-ECDSA-AES128-GCM-SHA256"],
    "ssl_recommender": {"enabled": True},
    "advanced_ddos": "on",
    "development_mode": "off",
    "early_hints": "on",
    "argo/tiered_caching": "on",
    "cache/variants": {"jpeg": ["image/webp"]},
}


def block(expression: str, description: str = "", **more: Any) -> Told:
    texts = {"description": description} if description else {}
    return {"action": "block", "expression": expression, "enabled": True, **texts, **more}


def executing(id: str, **more: Any) -> Told:
    return {"action": "execute", "expression": "true", "action_parameters": {"id": id, **more}}


def to(target: str, value: str) -> Told:
    return {"target": target, "value": value}


def guards(service: Cloudflare, *, others: bool = False) -> None:
    """Rules of the firewall: some, or others of which some are for the same."""
    service.guards = {}
    mode = "challenge" if others else "block"
    for scope in ("zones", "accounts"):
        service.guard("access_rules", scope, configuration=to("ip", "192.0.2.9"), mode=mode, notes=scope)
    kept = ("country", "T1") if others else ("ip_range", "198.51.100.0/24")
    service.guard("access_rules", configuration=to(*kept), mode="whitelist")
    service.guard("access_rules", configuration=to("ip6", "2001:db8::9"), mode="block")
    office = [to("ip_range", "192.0.2.0/24"), *([] if others else [to("ip", "198.51.100.7")])]
    service.guard("lockdowns", urls=["example.com/admin*"], configurations=office, description="ours")
    end = "new" if others else "old"
    urls = [f"{end}.example.com/b", f"{end}.example.com/a"]
    service.guard("lockdowns", urls=urls, configurations=office, paused=True, priority=5)
    service.guard("ua_rules", configuration=to("ua", "bad/1.0 (a; b)"), mode=mode, paused=others)
    service.guard("ua_rules", configuration=to("ua", f"{end} bot"), mode="js_challenge", description="ü")


def header(value: str) -> Told:
    headers = {"X-Origin-Auth": {"operation": "set", "value": value}}
    return {"action": "rewrite", "expression": "true", "action_parameters": {"headers": headers}}


def filled(service: Cloudflare) -> None:
    """Something of every kind."""
    service.settings = copy.deepcopy(SETTINGS)
    service.read_only = {"advanced_ddos"}
    service.transforms = {"add_location": True, "add_city": False, "remove_x-powered-by_header": False}
    service.normalization = {"scope": "incoming", "type": "cloudflare"}
    service.add_list(
        "office", "ip", {"ip": "192.0.2.0/24", "comment": "first floor"}, {"ip": "2001:db8::/32"}
    )
    service.add_list("gone", "asn", {"asn": 64496}, description="bad neighbours")
    service.add_list(
        "moved",
        "redirect",
        {
            "redirect": {
                "source_url": "example.com/a",
                "target_url": "https://example.com/b",
                "status_code": 301,
            }
        },
    )
    redirect = {"from_list": {"name": "moved", "key": "http.request.full_uri"}}
    service.rule(
        "accounts",
        REDIRECTS,
        {
            "action": "redirect",
            "expression": "http.request.full_uri in $moved",
            "action_parameters": redirect,
        },
    )
    service.rule(
        "zones",
        FIREWALL,
        block('not ip.src in $office and http.request.uri.path eq "/admin"', "keep out", ref="office-only"),
        block("ip.src.asnum in $gone"),
    )
    service.rule("zones", HEADERS, header(SECRET), name="to the origin")
    ours = service.add_custom("accounts", FIREWALL, "ours / all", block("ip.src in $office"), block("2"))
    gone = service.add_custom("zones", FIREWALL, "gone", block("ip.src.asnum in $gone", "bad"))
    service.add_custom("zones", FIREWALL, "unused")
    overrides = {"overrides": {"enabled": False}}
    service.rule("zones", MANAGED, executing("e" * 32, **overrides), executing(ours), executing(gone))
    guards(service)
    service.page_rule(
        "*example.com/old/*", forwarding_url={"url": "https://example.com/$2", "status_code": 301}
    )
    service.page_rule("*example.com/app/*", disable_performance=None, cache_level="bypass")
    service.page_rule("*example.com/*", first=False, status="disabled", ssl="flexible")


def other(service: Cloudflare) -> None:
    """Changes something of every kind."""
    service.settings |= {"ssl": "flexible", "browser_cache_ttl": 0, "ssl_recommender": {"enabled": False}}
    service.settings |= {"early_hints": "off", "cache/tiered_cache_smart_topology_enable": "on"}
    service.settings |= {"argo/tiered_caching": "off"}
    del service.settings["cache/variants"]
    service.transforms = {"add_location": False, "add_city": True, "remove_x-powered-by_header": True}
    service.normalization = {"scope": "both", "type": "rfc3986"}
    service.rulesets["zones", FIREWALL]["rules"] = []
    service.rule("zones", HEADERS, header("another"), block("false"))
    service.rule("zones", CACHE, {"action": "set_cache_settings", "expression": "true"})
    new = service.add_custom("zones", FIREWALL, "new", block("true"))
    service.rule("zones", MANAGED, executing(new), executing("e" * 32))
    for id, one in list(service.custom.items()):
        if one["name"] == "gone":
            del service.custom[id]
        elif one["name"] == "ours / all":
            service._put_custom("accounts", id, {"description": "all", "rules": [block("3"), block("2")]})
    guards(service, others=True)
    service.lists = {id: one for id, one in service.lists.items() if one["name"] != "gone"}
    service.add_list("new", "hostname", {"hostname": {"url_hostname": "*.example.com"}})
    service.rule("zones", DYNAMIC, block("http.host in $new"))
    office = service.named("office") or {}
    office |= {"description": "ours", "items": [{"id": "x", "ip": "198.51.100.7", "comment": ""}]}
    service.page_rules = [*service.page_rules[2:], service.page_rules[0]]
    service.page_rules[0] = {**service.page_rules[0], "status": "active"}
    service.page_rule("shop.example.com/*", always_use_https=None)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snapstore.remote.retrying._PAUSE", 0.001)
    monkeypatch.setattr(of_lists, "_LOOK_AGAIN", 0.001)


@pytest.fixture
def cloudflare() -> Iterator[Cloudflare]:
    with running() as started:
        filled(started)
        yield started


def settings(service: Cloudflare, more: str = "") -> str:
    head = f'[resources.edge]\nadapter = "cdn"\nprovider = "cloudflare"\nserver = "{service.url}"\n'
    return f'{head}key = "{TOKEN}"\nzones = ["{ZONE}"]\naccount = "{ACCOUNT_ID}"\n{more}'


@pytest.fixture
def place(cloudflare: Cloudflare, tmp_path: Path) -> Project:
    return project(tmp_path / "project", settings(cloudflare))


def hazards(plan: Plan) -> dict[str, list[HazardName]]:
    found = {one.subject: [hazard.name for hazard in one.hazards] for one in plan.actions}
    return {subject: names for subject, names in found.items() if names}


def test_all_that_was_changed_comes_back_and_goes_again(cloudflare: Cloudflare, place: Project):
    before, taken = cloudflare.everything(), place.take()
    other(cloudflare)
    after = cloudflare.everything()
    well(place.restore(taken.commit))
    assert cloudflare.everything() == before
    assert place.take().tree == taken.tree
    well(place.undo())
    assert cloudflare.everything() == after


def test_zones_are_told_apart(cloudflare: Cloudflare, tmp_path: Path):
    shop = cloudflare.other = Cloudflare()
    filled(shop)
    del shop.rulesets["zones", FIREWALL]
    purge = '"shop.example.com/a", "a.shop.example.com/a", "www.example.com/a"'
    text = settings(cloudflare, f"purge = [{purge}]\n").replace(f'"{ZONE}"', f'"{ZONE}", "{OTHER_ID}"')
    place = project(tmp_path / "project", text)
    before, taken = (cloudflare.everything(), shop.everything()), place.take()
    cloudflare.settings["ssl"] = shop.settings["ssl"] = "full"
    for one in (cloudflare, shop):
        one.rule("zones", CACHE, block("1"))
        one.page_rules.pop()
    well(place.restore(taken.commit, "edge:*:shop.example.com*"))
    assert (cloudflare.settings["ssl"], shop.settings["ssl"]) == ("full", "strict")
    cloudflare.purged, shop.purged = [], []
    well(place.restore(taken.commit))
    assert (cloudflare.everything(), shop.everything()) == before
    assert [len(one.purged) for one in (cloudflare, shop)] == [1, 2]


def test_only_what_differs_is_told(cloudflare: Cloudflare, place: Project):
    taken = place.take()
    cloudflare.settings["browser_cache_ttl"] = 0
    cloudflare.sent.clear()
    well(place.restore(taken.commit))
    path = f"/zones/{ZONE_ID}/settings/browser_cache_ttl"
    assert cloudflare.sent == [("PATCH", path, {"value": 14400})]


def test_rules_that_stay_keep_their_ids_and_ids_are_no_state(cloudflare: Cloudflare, place: Project):
    taken = place.take()
    rules = cloudflare.rulesets["zones", FIREWALL]["rules"]
    ids = [rule["id"] for rule in rules]
    cloudflare.rule("zones", FIREWALL, block("true", "first"), *rules[:1])
    well(place.restore(taken.commit))
    kept, made = cloudflare.rulesets["zones", FIREWALL]["rules"]
    assert kept["id"] == ids[0]
    assert made["id"] not in ids
    assert place.take().tree == taken.tree


def test_a_rule_that_comes_before_others_is_told_by_itself(cloudflare: Cloudflare, place: Project):
    cloudflare.rule("zones", CACHE, block("1"), block("2", "second"), block("3"))
    taken = place.take()
    cloudflare.rule("zones", CACHE, block("2", "second"), block("4"))
    (action,) = place.plan(taken.commit).actions
    assert sorted(action.statements) == [
        "+ rules[0].action: block",
        "+ rules[0].enabled: true",
        "+ rules[0].expression: 1",
        "+ rules[2].expression: 3",
        "- rules[2].expression: 4",
    ]


def test_items_that_are_but_a_name_are_told_when_they_come_and_go(cloudflare: Cloudflare, place: Project):
    taken = place.take()
    office = cloudflare.named("office") or {}
    office["items"] = [*office["items"][:1], {"id": "x", "ip": "198.51.100.7"}]
    (action,) = place.plan(taken.commit).actions
    assert action.statements == ("- items.198.51.100.7", "+ items.2001:db8::/32")


def test_one_name_comes_back_and_nothing_else(cloudflare: Cloudflare, place: Project):
    taken = place.take()
    other(cloudflare)
    after = cloudflare.everything()
    well(place.restore(taken.commit, "edge:setting:*/ssl"))
    assert cloudflare.everything() == {**after, "settings": {**after["settings"], "ssl": "strict"}}


def test_development_mode_ends_by_itself_and_is_no_state(cloudflare: Cloudflare, place: Project):
    taken = place.take()
    cloudflare.settings["development_mode"] = "on"
    assert place.take().tree == taken.tree


def test_what_cannot_be_restored_is_named_before_and_after(cloudflare: Cloudflare, tmp_path: Path):
    for _ in range(2):
        cloudflare.add_custom("zones", FIREWALL, "shared")
    cloudflare.page = 100
    of_account = next(id for id, one in cloudflare.custom.items() if one["scope"] == "accounts")
    text = settings(cloudflare).replace(f'account = "{ACCOUNT_ID}"\n', "")
    place = project(tmp_path / "project", text)
    taken = place.take()
    cloudflare.settings["advanced_ddos"] = "off"
    plan = place.plan(taken.commit)
    for words in (
        "managed ruleset Cloudflare Managed Ruleset",
        "custom ruleset shared",
        f"{ZONE}: ruleset {of_account}",
        f"{ZONE}: access rules of its organization",
        "list office",
    ):
        assert words in str(taken.notices)
        assert words in str(plan.notes)
    whole = project(tmp_path / "whole", settings(cloudflare)).take()
    assert "access rules of its" not in str(whole.notices)
    (action,) = plan.actions
    assert [hazard.name for hazard in action.hazards] == [HazardName.UNVERIFIABLE]
    assert "the plan of the zone does not let it be changed" in action.summary


def test_what_the_settings_take_in_later_stays_as_it_is(cloudflare: Cloudflare, tmp_path: Path):
    """An account that was not named, and kinds that were left out."""
    text = settings(cloudflare, 'exclude = ["unmodelled:*"]\n')
    less = text.replace(f'account = "{ACCOUNT_ID}"\n', "").replace("exclude = [", 'exclude = ["access:*", ')
    taken, before = project(tmp_path / "project", less).take(), cloudflare.everything()
    place = project(tmp_path / "project", text)
    assert not place.plan(taken.commit).actions
    cloudflare.settings["browser_cache_ttl"] = 42
    rules = cloudflare.rulesets["zones", MANAGED]["rules"]
    cloudflare.rule("zones", MANAGED, *reversed(rules))
    well(place.restore(taken.commit))
    assert cloudflare.everything() == before
    assert not project(tmp_path / "project", less).plan(place.take().commit).actions


def test_a_list_of_another_kind_is_not_restored_and_said_so(cloudflare: Cloudflare, place: Project):
    cloudflare.add_list("unused", "ip", {"ip": "192.0.2.1"})
    taken = place.take()
    cloudflare.lists = {id: one for id, one in cloudflare.lists.items() if one["name"] != "unused"}
    cloudflare.add_list("unused", "asn", {"asn": 64496})
    plan = place.plan(taken.commit)
    assert hazards(plan) == {"list:unused": [HazardName.UNVERIFIABLE]}


def test_what_guards_less_than_before_is_a_hazard(cloudflare: Cloudflare, place: Project):
    taken = place.take()
    cloudflare.settings |= {"ssl": "origin_pull", "min_tls_version": "1.3"}
    cloudflare.rule("zones", FIREWALL, *cloudflare.rulesets["zones", FIREWALL]["rules"], block("true", "all"))
    unused = next(id for id, one in cloudflare.custom.items() if one["name"] == "unused")
    cloudflare._put_custom("zones", unused, {"rules": [block("true", "all")]})
    cloudflare.guard("access_rules", configuration=to("ip", "192.0.2.1"), mode="block")
    cloudflare.guard("access_rules", configuration=to("ip", "192.0.2.2"), mode="whitelist")
    cloudflare.guard("ua_rules", configuration=to("ua", "bad"), mode="block")
    cloudflare.guard("ua_rules", configuration=to("ua", "paused"), mode="block", paused=True)
    cloudflare.guard("lockdowns", urls=["www.example.com/*"], configurations=[to("ip", "192.0.2.1")])
    assert hazards(place.plan(taken.commit)) == {
        f"access:{ZONE}/ip/192.0.2.1": [HazardName.SECURITY],
        f"agent:{ZONE}/bad": [HazardName.SECURITY],
        f"custom-ruleset:{ZONE}/{FIREWALL}/unused": [HazardName.SECURITY],
        f"lockdown:{ZONE}/www.example.com/*": [HazardName.SECURITY],
        f"ruleset:{ZONE}/{FIREWALL}": [HazardName.SECURITY],
        f"setting:{ZONE}/min_tls_version": [HazardName.SECURITY],
        f"setting:{ZONE}/ssl": [HazardName.SECURITY],
    }


def test_headers_to_the_origin_are_sealed(cloudflare: Cloudflare, place: Project):
    taken = place.take()
    other(cloudflare)
    assert SECRET not in str(place.plan(taken.commit))
    root = place.ws.config.path.parent
    stored = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    assert SECRET.encode() not in stored
    assert TOKEN not in str(taken)


def test_what_is_left_out_is_not_asked_for(cloudflare: Cloudflare, tmp_path: Path):
    cloudflare.denied = ("/pagerules", "/accounts/", "/argo/", "/cache/")
    patterns = ("pagerule*:*", "list:*", "*:account/*", "setting:*/argo/*", "setting:*/cache/*")
    left_out = ", ".join(f'"{pattern}"' for pattern in patterns)
    place = project(tmp_path / "project", settings(cloudflare, f"exclude = [{left_out}]\n"))
    before, taken = cloudflare.everything(), place.take()
    cloudflare.settings["ssl"] = "off"
    cloudflare.rule("zones", FIREWALL)
    well(place.restore(taken.commit))
    assert cloudflare.everything() == before


def test_a_list_that_is_left_out_is_named_where_rules_use_it(cloudflare: Cloudflare, tmp_path: Path):
    place = project(tmp_path / "project", settings(cloudflare, 'exclude = ["list:office"]\n'))
    assert f"{ZONE}: list office" in str(place.take().notices)


def test_what_somebody_else_changes_meanwhile_is_left_alone(
    cloudflare: Cloudflare, place: Project, monkeypatch: pytest.MonkeyPatch
):
    from snapstore_cdn.cloudflare.provider import _Cloudflare

    taken = place.take()
    cloudflare.rule("zones", CACHE, {"action": "set_cache_settings", "expression": "true"})
    whole = _Cloudflare.write

    def write(self: Any, changes: Any, begun: Any) -> None:
        cloudflare.rule("zones", CACHE, block("true", "from somebody else"))
        whole(self, changes, begun)

    monkeypatch.setattr(_Cloudflare, "write", write)
    done = place.restore(taken.commit)
    assert "changed by somebody else" in str(done.outcomes[0].error)
    assert cloudflare.rulesets["zones", CACHE]["rules"][0]["description"] == "from somebody else"


def test_items_that_are_not_replaced_in_time_stop_the_restore(cloudflare: Cloudflare, tmp_path: Path):
    place = project(tmp_path / "project", settings(cloudflare, "settle_within = 0.2\n"))
    taken = place.take()
    other(cloudflare)
    cloudflare.lag = 1_000_000
    done = place.restore(taken.commit, "edge:list:office")
    assert "has not replaced the items: it is pending after 0.2 s" in str(done.outcomes[0].error)
    cloudflare.lag = 2
    cloudflare.operation = {}
    well(place.resume())
    assert len((cloudflare.named("office") or {})["items"]) == 2


def test_purges_follow(cloudflare: Cloudflare, tmp_path: Path):
    purge = '"everything", "tag:shop/a", "www.example.com/a", "www.example.com/news/*", "www.example.com/*"'
    place = project(tmp_path / "project", settings(cloudflare, f"purge = [{purge}]\n"))
    taken = place.take()
    cloudflare.settings["ssl"] = "off"
    well(place.restore(taken.commit))
    assert cloudflare.purged == [
        {"purge_everything": True},
        {"tags": ["shop/a"]},
        {"files": ["https://www.example.com/a", "http://www.example.com/a"]},
        {"prefixes": ["www.example.com/news/"]},
        {"hosts": ["www.example.com"]},
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (TOKEN, "wrong", "Authentication error"),
        (ZONE, "example.net", "the token sees no zone example.net"),
        (f'"{ZONE}"', "", "no zone is named"),
        ("zones =", 'purge = ["/a"]\nzones =', "Cloudflare purges addresses"),
        ("zones =", 'purge = ["www.example.com/*/a"]\nzones =', "Cloudflare purges addresses"),
        ("zones =", 'purge = ["www.example.net/a"]\nzones =', "in none of the zones"),
    ],
)
def test_what_is_wrong_is_one_clear_message(
    cloudflare: Cloudflare, tmp_path: Path, old: str, new: str, words: str
):
    with pytest.raises(SnapError, match=words):
        project(tmp_path / "project", settings(cloudflare).replace(old, new)).take()


# Any change

VALUES = st.sampled_from(["on", "off", 0, 7, ["a", "b"], {"x": {"y": 1}}])
CHANGEABLE = sorted(
    SETTINGS.keys() - {"advanced_ddos", "development_mode", "ssl_recommender", "cache/variants"}
)
TEXTS = st.sampled_from(["", "ü %", "two\nlines"])
ITEMS = {
    "ip": st.sampled_from(["192.0.2.1", "198.51.100.0/24", "2001:db8::1"]).map(lambda ip: {"ip": ip}),
    "asn": st.sampled_from([0, 64496]).map(lambda asn: {"asn": asn}),
}
FILLED = {kind: st.lists(item, unique_by=str, max_size=3) for kind, item in ITEMS.items()}
RULES = st.builds(
    lambda text, enabled, ref, more: {**block("true", text), "enabled": enabled, **ref, **more},
    TEXTS,
    st.booleans(),
    st.sampled_from([{}, {"ref": "r1"}]),
    st.sampled_from([{}, {"action_parameters": {"response": {"status_code": 403, "content": ""}}}]),
)
SEVERAL = st.lists(RULES, max_size=3)
ADDRESSES = st.sampled_from(["192.0.2.1", "2001:db8::1"])
URLS = st.sampled_from(["a.example.com/*", "b.example.com/ü", "c.example.com/%2F"])
OPS = st.one_of(
    st.tuples(st.just("setting"), st.sampled_from(CHANGEABLE), VALUES),
    st.tuples(st.just("unset"), st.just("cache/variants"), st.one_of(st.none(), VALUES)),
    st.tuples(
        st.just("transforms"),
        st.sampled_from(["add_location", "add_city", "remove_x-powered-by_header"]),
        st.booleans(),
    ),
    st.tuples(st.just("normalization"), st.sampled_from(["incoming", "both", "none"]), st.none()),
    st.tuples(st.just("rules"), st.sampled_from([FIREWALL, CACHE]), SEVERAL),
    st.tuples(st.just("page"), URLS, st.one_of(st.none(), st.booleans())),
    st.tuples(st.just("custom"), st.sampled_from(["zones", "accounts"]), st.one_of(st.none(), SEVERAL)),
    st.tuples(st.just("executed"), st.sampled_from(["zones", "accounts"]), st.none()),
    st.tuples(st.just("access"), ADDRESSES, st.sampled_from([None, "block", "whitelist"])),
    st.tuples(st.just("lockdown"), URLS, st.one_of(st.none(), st.lists(ADDRESSES, min_size=1))),
    st.tuples(st.just("agent"), st.sampled_from(["a/1.0 (b)", "ü"]), st.sampled_from([None, True, False])),
    *(
        st.tuples(st.just(kind), st.just(f"{kind}_list"), st.one_of(st.none(), some))
        for kind, some in FILLED.items()
    ),
    st.tuples(st.just("used"), st.just("ip_list"), st.none()),
)


def run(service: Cloudflare, ops: list[Any]) -> None:
    for kind, name, value in ops:
        if kind in ("setting", "unset"):
            service.settings[name] = value
            if value is None:
                del service.settings[name]
        elif kind == "transforms":
            service.transforms = {**service.transforms, "add_location": False, "add_city": False, name: value}
        elif kind == "normalization":
            service.normalization = {"scope": name, "type": "cloudflare"}
        elif kind == "rules":
            service.rule("zones", name, *value)
        elif kind == "page":
            _page(service, name, value)
        elif kind in ("custom", "executed"):
            _custom(service, kind, name, value)
        elif kind in ("access", "lockdown", "agent"):
            _guard(service, kind, name, value)
        elif kind == "used":
            if service.named(name):
                service.rule("zones", DYNAMIC, block(f"ip.src in ${name}"))
        else:
            _list(service, kind, name, value)


def _page(service: Cloudflare, url: str, first: bool | None) -> None:
    service.page_rules = [rule for rule in service.page_rules if url not in str(rule["targets"])]
    if first is not None:
        service.page_rule(url, first=first, cache_level="bypass" if first else "basic")


def _custom(service: Cloudflare, kind: str, scope: str, rules: list[Told] | None) -> None:
    id = next((id for id, one in service.custom.items() if (one["scope"], one["name"]) == (scope, "c")), "")
    is_used = any(id in str(one) for told in service._all_rules() for one in told) if id else False
    if kind == "executed":
        service.rule("zones", MANAGED, *([executing(id)] if id else []))
    elif rules is not None:
        body = {"kind": "custom", "phase": FIREWALL, "name": "c", "description": "", "rules": rules}
        service._put_custom(scope, id, body)
    elif id and not is_used:
        del service.custom[id]


def _guard(service: Cloudflare, kind: str, name: str, value: Any) -> None:
    place = {"access": "access_rules", "lockdown": "lockdowns", "agent": "ua_rules"}[kind], "zones"
    kept = [one for one in service.guards.get(place, []) if name not in str(one)]
    service.guards[place] = kept
    if value is None:
        return
    if kind == "access":
        service.guard(place[0], configuration=to("ip", name), mode=value)
    elif kind == "lockdown":
        addresses = [to("ip", address) for address in dict.fromkeys(value)]
        service.guard(place[0], urls=[name], configurations=addresses, priority=len(value))
    else:
        service.guard(place[0], configuration=to("ua", name), mode="block", paused=value)


def _list(service: Cloudflare, kind: str, name: str, items: list[Told] | None) -> None:
    there = service.named(name)
    if items is None:
        if there and not service._is_used(name):
            del service.lists[there["id"]]
    elif there:
        there["items"] = [{"id": f"{number}", **one} for number, one in enumerate(items)]
    else:
        service.add_list(name, kind, *items, description=f"{len(items)}")


def test_whatever_was_changed_is_restored_and_undone_exactly(cloudflare: Cloudflare, tmp_path: Path):
    number = 0
    start = cloudflare.kept()

    @in_rounds(ROUNDS, 3)
    @given(st.lists(OPS, max_size=12), st.lists(OPS, min_size=1, max_size=12))
    def there_and_back(state: list[Any], mutation: list[Any]) -> None:
        nonlocal number
        number += 1
        cloudflare.reset(start)
        run(cloudflare, state)
        place = project(tmp_path / f"project{number}", settings(cloudflare))
        goes_and_comes(place, cloudflare.everything, lambda: run(cloudflare, mutation))

    there_and_back()


# Failures

MADE = sorted(
    [
        f"/accounts/{ACCOUNT_ID}/rules/lists",
        *(
            f"/zones/{ZONE_ID}/{kind}"
            for kind in ("firewall/access_rules/rules", "firewall/lockdowns", "firewall/ua_rules")
        ),
        *(f"/zones/{ZONE_ID}/{kind}" for kind in ("pagerules", "rulesets")),
    ]
)
"""What comes back because it was gone, one of each."""
ALL = {"setting", "transform", "list", "ruleset", "custom-ruleset", "access", "lockdown", "agent", "pagerule"}


@pytest.mark.parametrize(("kind", "made"), [("pagerule", "pagerules"), ("list", "lists")])
def test_what_was_changed_while_the_answer_got_lost_is_not_changed_again(
    cloudflare: Cloudflare, tmp_path: Path, kind: str, made: str
):
    """Page rules when there is no room for one more, and a list whose items take their time."""
    left_out = [f'"{other}*:*"' for other in ALL - {kind}]
    place = project(tmp_path / "project", settings(cloudflare, f"exclude = [{', '.join(left_out)}]\n"))
    promised, taken = cloudflare.everything(), place.take()
    other(cloudflare)
    cloudflare.rulesets.clear()  # which are left out, and use lists that have to go
    cloudflare.custom.clear()
    cloudflare.limit, cloudflare.lag = len(cloudflare.page_rules), 25
    changed = cloudflare.kept()
    cloudflare.faults.through()
    cloudflare.reset(changed)
    well(place.restore(taken.commit))
    for at in list(cloudflare.changing):
        cloudflare.reset(changed)
        cloudflare.faults.fail(at, "reset")
        well(place.restore(taken.commit))
        cloudflare.faults.through()
        name = "page rules" if kind == "pagerule" else "lists"
        assert cloudflare.everything()[name] == promised[name], at
        assert [path.rpartition("/")[2] for method, path, _ in cloudflare.sent if method == "POST"] == [made]


@pytest.mark.timeout(60)
def test_items_do_not_wait_for_who_is_not_there():
    waiting = of_lists.Waiting(math.inf, "edge")
    account = Place("account", f"/accounts/{ACCOUNT_ID}")
    nobody = opened(TOKEN, f"http://127.0.0.1:{free_port()}", "edge", 1, "its page")
    with nobody as made, pytest.raises(SnapError, match="no answer"):
        of_lists._fill(made, account, "id", {"kind": "ip", "items": {}}, waiting)


@pytest.mark.parametrize("how", FAILURES)
def test_one_failure_is_overcome_and_nothing_is_made_twice(
    cloudflare: Cloudflare, place: Project, how: Failure
):
    promised, taken = cloudflare.everything(), place.take()
    other(cloudflare)
    changed = cloudflare.kept()
    cloudflare.faults.through()
    well(place.restore(taken.commit))
    total = cloudflare.faults.requests
    for at in range(1 + 25 * FAILURES.index(how) % STEP, total + 1, STEP):
        cloudflare.reset(changed)
        cloudflare.faults.fail(at, how)
        well(place.restore(taken.commit))
        cloudflare.faults.through()
        assert cloudflare.everything() == promised, at
        made = [path for method, path, _ in cloudflare.sent if method == "POST"]
        assert sorted(made) == MADE, at


@pytest.mark.parametrize(("how", "way"), ways(EVERY, ("refused", "resume"), ("reset", "abort")))
def test_an_api_that_stays_away_leaves_a_way_on_and_a_way_back(
    cloudflare: Cloudflare, tmp_path: Path, how: Failure, way: str
):
    place = project(tmp_path / "project", settings(cloudflare, "settle_within = 3\n"))
    promised, taken = cloudflare.everything(), place.take()
    other(cloudflare)
    changed, kept = cloudflare.everything(), cloudflare.kept()
    cloudflare.faults.through()
    well(place.restore(taken.commit))
    interrupted = 0
    for at in range(1 if EVERY else 20, cloudflare.faults.requests + 1, STEP):
        cloudflare.reset(kept)
        cloudflare.faults.fail(at, how, down=True)
        end = "nothing"
        with suppress(SnapError):
            end = "done" if place.restore(taken.commit).verified else "nothing"
        cloudflare.faults.through()
        if journal.unfinished(place.ws.store.workspace("journal")) is not None:
            interrupted += 1
            end = way
            well(getattr(place, way)())
        assert cloudflare.everything() == (promised if end in ("done", "resume") else changed), at
    assert interrupted
