"""One command past the cache: names lead to the origin, and the cache forgets, and nothing else changes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.cdn import cloudflare
from tests.cdn.conftest import settings
from tests.cdn.test_cloudflare import CACHE, filled
from tests.cdn.test_cloudflare import settings as of_edge
from tests.cdn.varnish import Varnish
from tests.conftest import Snap
from tests.dns import cloudflare as zones
from tests.dns import servers
from tests.dns.conftest import ZONE
from tests.dns.conftest import settings as of_dns
from tests.dns.test_cloudflare import settings as of_zone

DOCS = Path(__file__).parents[2] / "docs" / "adapters" / "cdn.md"
EDGE = 'exclude = ["unmodelled:*"]\npurge = ["www.example.com/*"]\n'


def documented(name: str) -> tuple[str, list[str]]:
    """A group of the documentation, and the command for it."""
    text = DOCS.read_text()
    group = re.search(rf"^ +({name} = .*)", text, re.MULTILINE)
    command = re.search(rf"\$ snap (restore \w+ --group {name}.*)", text)
    assert group and command
    return f"[groups]\n{group[1]}\n", command[1].split()


def named(snap: Snap, tag: str) -> None:
    """Give the last snapshot a name."""
    subprocess.run(["git", "-C", str(snap.root / "snapshots"), "tag", tag], check=True)


def test_a_site_is_taken_past_its_cdn_by_one_command(bind: servers.Server, varnish: Varnish, snap: Snap):
    group, command = documented("cdn-bypass")
    look = f"dig @127.0.0.1 -p {bind.port} +noall +answer www.{ZONE} | grep . >> seen"
    hook = f'[hooks]\nverify = [{{ run = "{look}", group = "cdn-bypass" }}]\n'
    snap.configure(of_dns(bind.address) + settings(varnish, 'purge = ["everything"]\n') + group + hook)
    snap("init", code=0)
    bind.update(ZONE, "+ www 60 A 192.0.2.1", "+ @ 300 TXT old")
    snap("take", "-m", "www at the origin", code=0)
    named(snap, "bypass")
    bind.update(ZONE, "- www", "+ www 60 CNAME cdn.example.net.", "- @ TXT", "+ @ 300 TXT new")
    varnish.call("param.set", "default_ttl", "42")
    snap("take", "-m", "behind the CDN", code=0)
    before = bind.records(ZONE)
    assert snap(*command, "--yes", "--json", code=0).json["verified"]
    assert "192.0.2.1" in (snap.root / "seen").read_text()
    expected = [line.replace("CNAME cdn.example.net.", "A 192.0.2.1") for line in before]
    assert sorted(bind.records(ZONE)) == sorted(expected)
    assert varnish.everything()["values"]["default_ttl"] == 42
    assert any(
        ban["spec"] == "obj.status != 0" for ban in varnish.told("ban.list", "-j")[0:] if "spec" in ban
    )
    snap("undo", "--yes", "--allow", "all", code=0)
    assert bind.records(ZONE) == before


def test_cloudflare_is_passed_by_a_record_that_is_not_proxied(snap: Snap):
    group, command = documented("cloudflare-bypass")
    with zones.running() as zone, cloudflare.running() as edge:
        filled(edge)
        snap.configure(of_zone(zone.url) + of_edge(edge, EDGE) + group)
        snap("init", code=0)
        www = zones.record("www.example.com", "A", 1, "192.0.2.1")
        zone.add(www)
        snap("take", "-m", "not proxied", code=0)
        named(snap, "bypass")
        zone.remove({"type": "A"})
        zone.add({**www, "proxied": True}, zones.record("example.com", "TXT", 60, '"new"'))
        edge.settings["browser_cache_ttl"] = 42
        snap("take", "-m", "behind Cloudflare", code=0)
        assert snap(*command, "--yes", "--json", code=0).json["verified"]
        assert {one["name"]: one["proxied"] for one in zone.told()} == {
            "example.com": False,
            "www.example.com": False,
        }
        assert edge.purged == [{"hosts": ["www.example.com"]}]
        assert edge.settings["browser_cache_ttl"] == 42


def test_the_cache_alone_is_passed_by_a_cache_rule(snap: Snap):
    group, command = documented("cache-bypass")
    with cloudflare.running() as edge:
        filled(edge)
        snap.configure(of_edge(edge, EDGE) + group)
        snap("init", code=0)
        rule = {"action": "set_cache_settings", "expression": "true", "action_parameters": {"cache": False}}
        edge.rule("zones", CACHE, rule)
        snap("take", "-m", "nothing is cached", code=0)
        named(snap, "uncached")
        edge.rule("zones", CACHE)
        edge.settings["ssl"] = "full"
        before = edge.everything()
        snap("take", "-m", "as usual", code=0)
        assert snap(*command, "--yes", "--json", code=0).json["verified"]
        assert edge.everything()["rulesets"]["zones", CACHE]["rules"][0]["action_parameters"] == {
            "cache": False
        }
        assert edge.settings["ssl"] == "full"
        assert edge.purged
        snap("undo", "--yes", "--allow", "all", code=0)
        assert edge.everything() == before
