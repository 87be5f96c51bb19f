"""Through the ``snap`` command: what it shows, what it says of servers that refuse, and that no key leaks."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Snap
from tests.dns import servers
from tests.dns.conftest import ZONE, settings
from tests.e2e.test_canary import spellings


@pytest.fixture
def ready(bind: servers.Server, snap: Snap) -> Snap:
    """A project whose key comes from the environment."""
    snap.env["DNS_KEY"] = servers.KEY
    snap.configure(settings(bind.address, key="${DNS_KEY}"))
    snap("init", code=0)
    return snap


def test_a_deploy_is_seen_planned_and_rolled_back(bind: servers.Server, ready: Snap):
    bind.update(ZONE, "+ www 300 A 192.0.2.1", "+ @ 300 TXT old")
    ready("take", code=0)
    before = bind.records(ZONE)
    bind.update(ZONE, "- www", "+ www 60 A 192.0.2.2", "+ new 60 A 192.0.2.3")
    assert ready("status").code == 2
    shown = ready("diff").stdout
    assert "www.example.com/A" in shown
    assert "192.0.2.1" in shown
    plan = ready("plan", "HEAD").stdout
    assert "- www.example.com. 60 IN A 192.0.2.2" in plan
    assert "+ www.example.com. 300 IN A 192.0.2.1" in plan
    deployed = bind.records(ZONE)
    rehearsed = ready("rehearse", "HEAD", code=0).stdout
    assert "passed" in rehearsed and "on their facts alone, which is weaker: dns" in rehearsed
    assert bind.records(ZONE) == deployed
    ready("restore", "HEAD", "--yes", "--allow", "all", code=0)
    assert bind.records(ZONE) == before
    assert ready("status").code == 0


WRONG = "hmac-sha256:snap:" + servers.SECRET[::-1].replace("=", "A")


def test_what_does_not_let_us_in_is_one_clear_message(bind: servers.Server, snap: Snap):
    for address, key, zone, words in (
        ("127.0.0.1:1", servers.KEY, ZONE, "no answer from the name server 127.0.0.1:1"),
        (bind.address, WRONG, ZONE, "does not know the key"),
        (bind.address, f"hmac-sha512:nobody:{servers.SECRET}", ZONE, "does not know the key"),
        (bind.address, "", ZONE, "does not give the zone example.com: REFUSED"),
        (bind.address, servers.KEY, "example.org", "does not give the zone example.org"),
        (bind.address, "hmac-sha256:snap:not base64", ZONE, "this is no TSIG key"),
        (bind.address, "snap", ZONE, "this is no TSIG key"),
        ("host:port", servers.KEY, ZONE, "is no address of a server"),
        (bind.address, servers.KEY, "a..b", "is not the name of a zone"),
    ):
        snap.configure(settings(address, zone, key=key))
        snap("init")
        done = snap("take", code=1)
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert len(key) < 10 or key.split(":")[-1] not in done.stderr


def test_a_server_that_allows_no_updates_says_so_and_keeps_its_zone(snap: Snap, tmp_path: Path):
    with servers.running("bind", tmp_path / "server", {ZONE: servers.START}) as server:
        snap.configure(settings(server.address))
        snap("init", code=0)
        server.update(ZONE, "+ www 300 A 192.0.2.1")
        snap("take", code=0)
        server.update(ZONE, "- www")
        snap.configure(settings(server.address, key=f"hmac-sha256:reader:{servers.SECRET}"))
        before = server.records(ZONE)
        done = snap("restore", "HEAD", "--yes", "--allow", "all", code=1)
        assert "says REFUSED to an update of www.example.com/A" in done.stdout + done.stderr
        assert server.records(ZONE) == before
        assert "no restore was interrupted" in snap("restore", "--resume", "--yes").stderr


# Secrets


def _stored(store: Path) -> Iterator[bytes]:
    for path in sorted(store.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield data
            try:
                yield zlib.decompress(data)
            except zlib.error:
                continue


def test_no_command_prints_or_keeps_the_key(bind: servers.Server, ready: Snap):
    snap, printed = ready, []
    bind.update(ZONE, "+ www 300 A 192.0.2.1")
    for words in (["take", "-m", f"with {servers.KEY}"], ["show"], ["doctor"], ["adapters"]):
        done = snap(*words, "--debug")
        printed.append(done.stdout + done.stderr)
    bind.update(ZONE, "- www")
    for words in (
        *(["status"], ["diff", "--json"], ["plan", "HEAD", "--json", "-o", "saved.plan"]),
        *(["restore", "HEAD", "--yes", "--allow", "all", "--json"], ["undo", "--yes", "--allow", "all"]),
    ):
        done = snap(*words, "--debug")
        printed.append(done.stdout + done.stderr)
    printed.append((snap.root / "saved.plan").read_text())
    bind.process.kill()
    bind.process.wait()
    done = snap("take", "--debug")
    assert "no answer" in done.stderr
    printed.append(done.stderr)
    forms = list(spellings(servers.SECRET))
    text = "\n".join(printed).encode()
    assert not [form for form in forms if form in text]
    stored = list(_stored(snap.root / "snapshots"))
    assert stored
    assert not [form for form in forms for data in stored if form in data]
