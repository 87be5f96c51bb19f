"""octoDNS, best effort: what it holds comes back, and what it does not hold is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.model import Condition, HazardName
from snapstore.plan import hazards
from snapstore_dns import octodns as adapter
from tests.conftest import Snap
from tests.dns import powerdns, servers
from tests.dns.conftest import ZONE
from tests.dns.conftest import settings as of_transfer
from tests.dns.powerdns import PowerDns, comment, gone, rrset
from tests.project import Project, project, well

WWW = f"www.{ZONE}."
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:octodns_bind")
HELD = (
    "www 300 A 192.0.2.1",
    "www 300 A 192.0.2.2",
    "www 300 AAAA 2001:db8::1",
    "alias 60 CNAME www",
    "*.wild 60 CNAME web.example.net.",
    "@ 300 MX 10 mail.example.net.",
    '@ 300 TXT "v=spf1 -all"',
    "_sip._tcp 300 SRV 10 60 5060 sip.example.net.",
    '@ 300 CAA 0 issue "ca.example.net"',
    "sub 300 NS ns1.example.net.",
    "key 300 SSHFP 4 2 " + "0a" * 32,
)
"""What the provider for name servers holds."""
NOT_HELD = (
    'host 300 HINFO "PC" "Linux"',
    "tunnel 300 DNAME example.net.",
    r"unknown 300 TYPE65280 \# 4 0a000001",
    'chunks 300 TXT "a" "b"',
)


def of_bind(server: servers.Server, *more: str) -> str:
    lines = (
        "[resources.dns]",
        'adapter = "dns"',
        'provider = "octodns"',
        f'zones = ["{ZONE}"]',
        *more,
        "[resources.dns.options]",
        'class = "octodns_bind.Rfc2136Provider"',
        f'host = "127.0.0.1"\nport = {server.port}',
        f'key_name = "snap"\nkey_secret = "{servers.SECRET}"\nkey_algorithm = "hmac-sha256"',
    )
    return "\n".join(lines) + "\n"


def compared(server: servers.Server) -> str:
    return of_bind(server, f'server = "{server.address}"', f'key = "{servers.KEY}"')


def of_powerdns(port: int) -> str:
    return (
        f'[resources.dns]\nadapter = "dns"\nprovider = "octodns"\nzones = ["{ZONE}"]\n'
        f'[resources.dns.options]\nclass = "octodns_powerdns.PowerDnsProvider"\n'
        f'host = "127.0.0.1"\nport = {port}\napi_key = "{powerdns.KEY}"\ntimeout = 1\n'
    )


@pytest.fixture
def place(bind: servers.Server, tmp_path: Path) -> Project:
    return project(tmp_path / "project", compared(bind))


@pytest.fixture
def power(tmp_path: Path) -> Iterator[PowerDns]:
    with powerdns.running(tmp_path / "power", ZONE) as started:
        yield started


def fill(server: servers.Server, *lines: str) -> None:
    server.update(ZONE, *(f"+ {line}" for line in lines))


def test_what_it_holds_comes_back(bind: servers.Server, place: Project):
    fill(bind, *HELD)
    before, taken = bind.records(ZONE), place.take()
    assert not taken.notices["dns"][1:]
    bind.update(
        ZONE, "- www A", "- alias", "+ alias 60 A 192.0.2.9", "- @ TXT", '+ @ 60 TXT "other"', "- sub"
    )
    bind.update(ZONE, "+ new 60 A 192.0.2.9")
    changed = bind.records(ZONE)
    well(place.restore(taken.commit))
    assert bind.records(ZONE) == before
    assert place.take().tree == taken.tree
    well(place.undo())
    assert bind.records(ZONE) == changed


def test_what_it_does_not_hold_is_named_at_take_and_in_the_plan(bind: servers.Server, place: Project):
    fill(bind, *HELD, *NOT_HELD)
    taken = place.take()
    told = " ".join(notice.text for notice in taken.notices["dns"])
    assert "DNAME, HINFO, TYPE65280: octoDNS does not tell it" in told
    assert "TXT: octoDNS tells it otherwise than the name server" in told
    bind.update(ZONE, "- www AAAA")
    named = {hazard.text for hazard in hazards(place.plan()) if hazard.name == HazardName.UNVERIFIABLE}
    for name in ("host.example.com/HINFO", "tunnel.example.com/DNAME", "chunks.example.com/TXT"):
        assert any(name in text for text in named), named
    with pytest.raises(SnapError, match="hazards that are not allowed"):
        place.restore(taken.commit, allow=())
    before = {line for line in bind.records(ZONE) if "chunks" in line or "host" in line}
    place.restore(taken.commit)
    assert {line for line in bind.records(ZONE) if "chunks" in line or "host" in line} == before


def test_where_no_server_is_named_nobody_can_promise_anything(bind: servers.Server, tmp_path: Path):
    fill(bind, *HELD)
    place = project(tmp_path / "project", of_bind(bind))
    taken = place.take()
    assert any(adapter.BLIND in notice.text for notice in taken.notices["dns"])
    bind.update(ZONE, "- www A")
    assert any(adapter.BLIND in hazard.text for hazard in hazards(place.plan()))


def test_a_plan_that_octodns_calls_unsafe_is_not_applied(bind: servers.Server, place: Project):
    fill(bind, *HELD)
    taken = place.take()
    bind.update(ZONE, *(f"+ {line.replace(' 300 ', ' 301 ')}" for line in HELD if " 300 " in line))
    changed = bind.records(ZONE)
    result = place.restore(taken.commit)
    assert "octoDNS calls this unsafe: [" in str(result.outcomes[0].error) or "Too many" in str(
        result.outcomes[0].error
    )
    assert result.outcomes[0].condition == Condition.UNCHANGED
    assert bind.records(ZONE) == changed


def test_a_provider_that_does_not_come_to_rest_is_found(
    bind: servers.Server, place: Project, monkeypatch: pytest.MonkeyPatch
):
    import octodns_bind

    fill(bind, *HELD)
    taken = place.take()
    bind.update(ZONE, "- www A")
    monkeypatch.setattr(octodns_bind.Rfc2136Provider, "_apply", lambda self, plan: None)
    result = place.restore(taken.commit)
    assert "octoDNS does not come to rest: it still wants to change www.example.com. A" in str(
        result.outcomes[0].error
    )


def test_what_a_provider_keeps_beside_is_lost_without_a_word(power: PowerDns, tmp_path: Path):
    """Which is why it is called best effort: no transfer tells of comments and disabled records."""
    place = project(tmp_path / "project", of_powerdns(power.port))
    power.patch(ZONE, rrset(WWW, "A", 300, "192.0.2.1", comments=[comment("shop")]))
    taken = place.take()
    power.patch(ZONE, gone(WWW, "A"))
    well(place.restore(taken.commit))
    (found,) = [one for one in power.zone(ZONE) if one["name"] == WWW]
    assert [record["content"] for record in found["records"]] == ["192.0.2.1"]
    assert not found["comments"]


def test_what_is_not_configured_well_is_one_clear_message(bind: servers.Server, snap: Snap):
    good = compared(bind)
    snap.configure(good)
    snap("init", code=0)
    for text, words in (
        (
            good.replace("octodns_bind.Rfc2136Provider", "octodns_bimd.Provider"),
            "pip install 'snapstore[octodns]'",
        ),
        (good.replace("octodns_bind.Rfc2136Provider", ""), "which provider of octoDNS is not said"),
        (good.replace("key_name", "key_nome"), "unexpected keyword argument"),
        (good.replace('hmac-sha256"\n', f'{servers.SECRET}"\n', 1), "Rfc2136Provider of octoDNS failed"),
        (good.replace(f"port = {bind.port}", "port = 1"), "Rfc2136Provider of octoDNS failed"),
    ):
        snap.configure(text)
        done = snap("take", code=1)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert servers.SECRET not in done.stderr


def test_what_was_seen_and_not_told_is_left_alone_when_it_is_told_by_now(
    place: Project, bind: servers.Server
):
    bind.update(ZONE, '+ chunks 300 TXT "a" "b"', "+ www 300 A 192.0.2.1")
    taken = place.take()
    bind.update(ZONE, "- chunks TXT", '+ chunks 300 TXT "ab"', "- www A")
    stays, _ = sorted(place.plan(taken.commit).actions, key=lambda one: one.subject)
    assert "was seen, and not told" in stays.summary
    well(place.restore(taken.commit))
    assert any('"ab"' in line for line in bind.records(ZONE))


def test_a_snapshot_in_the_words_of_octodns_needs_octodns(
    place: Project, bind: servers.Server, tmp_path: Path
):
    bind.update(ZONE, "+ www 300 A 192.0.2.1")
    taken = place.take()
    bind.update(ZONE, "- www A")
    other = project(tmp_path / "project", of_transfer(bind.address))
    with pytest.raises(SnapError, match="octoDNS has other words for records"):
        other.plan(taken.commit)
