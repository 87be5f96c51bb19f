"""One command past the cache: names lead to the origin, and the cache forgets, and nothing else changes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.cdn.conftest import settings
from tests.cdn.varnish import Varnish
from tests.conftest import Snap
from tests.dns import servers
from tests.dns.conftest import ZONE
from tests.dns.conftest import settings as of_dns

DOCS = Path(__file__).parents[2] / "docs" / "adapters" / "cdn.md"


def documented() -> tuple[str, list[str]]:
    """The group and the command of the documentation."""
    text = DOCS.read_text()
    group, command = re.search(r"cdn-bypass = .*", text), re.search(r"\$ snap (restore bypass .*)", text)
    assert group and command
    return f"[groups]\n{group[0]}\n", command[1].split()


def test_a_site_is_taken_past_its_cdn_by_one_command(bind: servers.Server, varnish: Varnish, snap: Snap):
    group, command = documented()
    snap.configure(of_dns(bind.address) + settings(varnish, 'purge = ["everything"]\n') + group)
    snap("init", code=0)
    bind.update(ZONE, "+ www 60 A 192.0.2.1", "+ @ 300 TXT old")
    snap("take", "-m", "www at the origin", code=0)
    subprocess.run(["git", "-C", str(snap.root / "snapshots"), "tag", "bypass"], check=True)
    bind.update(ZONE, "- www", "+ www 60 CNAME cdn.example.net.", "- @ TXT", "+ @ 300 TXT new")
    varnish.call("param.set", "default_ttl", "42")
    snap("take", "-m", "behind the CDN", code=0)
    before = bind.records(ZONE)
    assert snap(*command, "--yes", "--json", code=0).json["verified"]
    expected = [line.replace("CNAME cdn.example.net.", "A 192.0.2.1") for line in before]
    assert sorted(bind.records(ZONE)) == sorted(expected)
    assert varnish.everything()["values"]["default_ttl"] == 42
    assert any(
        ban["spec"] == "obj.status != 0" for ban in varnish.told("ban.list", "-j")[0:] if "spec" in ban
    )
    snap("undo", "--yes", "--allow", "all", code=0)
    assert bind.records(ZONE) == before
